#include "sampling/logit_tiles.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace estoc {
namespace {

constexpr size_t kTile = LogitTiles::kTile;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Three tiles, the last of which is short; their maxima are 5, 7 and 6.
class LogitTilesTest : public testing::Test {
 protected:
  LogitTilesTest() {
    row_[3] = 5;
    row_[kTile] = row_[kTile + 9] = 7;
    row_[2 * kTile + 1] = 6;
    tiles_.scan(row_);
  }
  std::vector<TokenId> gathered(float bound) {
    std::vector<Candidate> candidates;
    tiles_.gather(bound, candidates);
    std::vector<TokenId> tokens;
    for (const Candidate& candidate : candidates) {
      EXPECT_EQ(candidate.logit, row_[static_cast<size_t>(candidate.token)]);
      tokens.push_back(candidate.token);
    }
    return tokens;
  }
  std::vector<float> row_ = std::vector<float>(2 * kTile + 5, 1.0f);
  LogitTiles tiles_;
};

TEST_F(LogitTilesTest, TheLargestIsTheFirstOfItsEquals) {
  EXPECT_EQ(tiles_.max(), 7);
  EXPECT_EQ(tiles_.argmax(), static_cast<TokenId>(kTile));
}

TEST_F(LogitTilesTest, ABoundIsAsTightAsTheTilesCanTell) {
  EXPECT_EQ(tiles_.bound_of_top(1), 7);
  EXPECT_EQ(tiles_.bound_of_top(2), 6);
  EXPECT_EQ(tiles_.bound_of_top(3), 5);
  EXPECT_EQ(tiles_.bound_of_top(4), LogitTiles::kLowest);  // four logits reach 5, which three maxima do not show
  EXPECT_EQ(tiles_.bound_of_top(0), LogitTiles::kLowest);
}

TEST_F(LogitTilesTest, WhatReachesABoundIsGathered) {
  const auto at = [](size_t i) { return static_cast<TokenId>(i); };
  EXPECT_EQ(gathered(5), (std::vector<TokenId>{3, at(kTile), at(kTile + 9), at(2 * kTile + 1)}));
  EXPECT_EQ(gathered(5.5f), (std::vector<TokenId>{at(kTile), at(kTile + 9), at(2 * kTile + 1)}));
  EXPECT_EQ(gathered(8), std::vector<TokenId>());
  EXPECT_EQ(gathered(LogitTiles::kLowest).size(), row_.size());
  EXPECT_EQ(tiles_.count_above(5), 3u);
  EXPECT_EQ(tiles_.count_above(0.5f), row_.size());
}

TEST_F(LogitTilesTest, NothingIsFoundOfWhatIsNoNumber) {
  row_[kTile] = std::nanf("");
  row_[kTile + 9] = -kInfinity;
  row_[2 * kTile + 4] = std::nanf("");
  tiles_.scan(row_);
  EXPECT_EQ(tiles_.argmax(), static_cast<TokenId>(2 * kTile + 1));
  EXPECT_EQ(gathered(LogitTiles::kLowest).size(), row_.size() - 3);
  EXPECT_EQ(tiles_.count_above(-kInfinity), row_.size() - 3);
}

TEST_F(LogitTilesTest, SumsAreThoseOfTheTiles) {
  std::vector<float> sums;
  const double total = tiles_.exp_sums(LogitTiles::kLowest, 0.5f, sums);
  const auto weight = [](double logit) { return std::exp((logit - 7) * 0.5); };
  ASSERT_EQ(sums.size(), 3u);
  EXPECT_NEAR(sums[0], 63 * weight(1) + weight(5), 1e-5);
  EXPECT_NEAR(sums[1], 62 * weight(1) + 2, 1e-5);
  EXPECT_NEAR(sums[2], 4 * weight(1) + weight(6), 1e-5);
  EXPECT_NEAR(total, sums[0] + sums[1] + sums[2], 1e-5);
  EXPECT_NEAR(tiles_.exp_sums(6, 0.5f, sums), 2 + weight(6), 1e-5);
}

}  // namespace
}  // namespace estoc
