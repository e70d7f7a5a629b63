#include "sampling/logit_loops.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace estoc {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> random_row(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 5);
  std::vector<float> row(count);
  for (float& x : row) {
    x = normal(random);
    if (random() % 50 == 0) x = -kInfinity;
    if (random() % 50 == 0) x = std::nanf("");
  }
  std::fill_n(row.begin(), kLogitTile, -kInfinity);  // a tile without anything
  return row;
}

TEST(LogitLoops, AgreeWithTheirDefinition) {
  constexpr size_t kTiles = 40;
  const std::vector<float> row = random_row(kTiles * kLogitTile, 1);
  for (const LogitLoops* loops : all_logit_loops()) {
    std::vector<float> maxima(kTiles), sums(kTiles);
    loops->maxima(row.data(), kTiles, maxima.data());
    float max = -kInfinity;
    for (const float x : row) max = std::fmax(max, x);
    loops->exp_sums(row.data(), maxima.data(), kTiles, max, -4, 0.7f, sums.data());
    size_t above = 0;
    for (size_t tile = 0; tile < kTiles; ++tile) {
      float maximum = -kInfinity;
      double sum = 0;
      for (size_t i = tile * kLogitTile; i < (tile + 1) * kLogitTile; ++i) {
        maximum = std::fmax(maximum, row[i]);
        if (row[i] >= -4) sum += std::exp((row[i] - max) * 0.7);
        if (row[i] > 2.5f) ++above;
      }
      EXPECT_EQ(maxima[tile], maximum) << loops->name << " tile " << tile;
      EXPECT_NEAR(sums[tile], sum, 1e-6 * sum) << loops->name << " tile " << tile;
    }
    EXPECT_EQ(loops->count_above(row.data(), kTiles, 2.5f), above) << loops->name;
    EXPECT_EQ(loops->count_above(row.data(), kTiles, -kInfinity), loops->count_above(row.data(), kTiles, -1000));
  }
}

TEST(LogitLoops, GiveTheSameBitsAtEveryWidth) {
  constexpr size_t kTiles = 200;
  const std::vector<float> row = random_row(kTiles * kLogitTile, 2);
  const LogitLoops& first = *all_logit_loops().front();
  std::vector<float> maxima(kTiles), expected(kTiles), sums(kTiles);
  first.maxima(row.data(), kTiles, maxima.data());
  first.exp_sums(row.data(), maxima.data(), kTiles, 20, -6, 1.3f, expected.data());
  for (const LogitLoops* loops : all_logit_loops()) {
    loops->exp_sums(row.data(), maxima.data(), kTiles, 20, -6, 1.3f, sums.data());
    for (size_t tile = 0; tile < kTiles; ++tile) {
      ASSERT_EQ(std::bit_cast<uint32_t>(sums[tile]), std::bit_cast<uint32_t>(expected[tile])) << loops->name;
    }
  }
}

}  // namespace
}  // namespace estoc
