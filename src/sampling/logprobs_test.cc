#include "sampling/logprobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace estoc {
namespace {

TEST(Logprobs, AgreeWithANaiveComputationInDouble) {
  std::mt19937 random(3);
  LogprobReader reader;
  for (const size_t vocab : {1u, 3u, 64u, 777u, 4096u}) {
    for (int round = 0; round < 20; ++round) {
      std::normal_distribution<float> normal(5, 4);
      std::vector<float> logits(vocab);
      for (float& x : logits) x = normal(random);
      const auto chosen = static_cast<TokenId>(random() % vocab);
      double sum = 0;
      for (const float x : logits) sum += std::exp(static_cast<double>(x));
      std::vector<TokenId> order(vocab);
      for (size_t i = 0; i < vocab; ++i) order[i] = static_cast<TokenId>(i);
      std::stable_sort(order.begin(), order.end(), [&](TokenId a, TokenId b) { return logits[a] > logits[b]; });

      const Logprobs read = reader.read(logits, chosen, 20);
      ASSERT_NEAR(read.chosen, logits[chosen] - std::log(sum), 2e-6);
      ASSERT_EQ(read.rank, 1 + std::find(order.begin(), order.end(), chosen) - order.begin());
      ASSERT_EQ(read.top.size(), std::min<size_t>(20, vocab));
      for (size_t i = 0; i < read.top.size(); ++i) {
        ASSERT_EQ(read.top[i].token, order[i]);
        ASSERT_NEAR(read.top[i].logprob, logits[order[i]] - std::log(sum), 2e-6);
      }
    }
  }
}

TEST(Logprobs, EqualLogitsShareTheirRank) {
  LogprobReader reader;
  const std::vector<float> logits = {1, 2, 2, 0};
  EXPECT_EQ(reader.read(logits, 2, 0).rank, 1);
  EXPECT_EQ(reader.read(logits, 0, 0).rank, 3);
  EXPECT_TRUE(reader.read(logits, 0, 0).top.empty());
}

TEST(Logprobs, BrokenLogitsHaveNoProbability) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  LogprobReader reader;
  const std::vector<float> some = {std::nanf(""), 0, -kInfinity, 0};
  EXPECT_EQ(reader.read(some, 0, 5).chosen, -kInfinity);
  EXPECT_EQ(reader.read(some, 0, 5).rank, 3);
  EXPECT_EQ(reader.read(some, 2, 5).chosen, -kInfinity);
  EXPECT_NEAR(reader.read(some, 1, 5).chosen, std::log(0.5), 1e-6);
  EXPECT_EQ(reader.read(some, 1, 5).top.size(), 2u);
  const std::vector<float> none(3, -kInfinity);
  EXPECT_EQ(reader.read(none, 1, 5).chosen, -kInfinity);
  const std::vector<float> infinite = {kInfinity, 0, 1};
  EXPECT_EQ(reader.read(infinite, 1, 5).chosen, -kInfinity);
}

}  // namespace
}  // namespace estoc
