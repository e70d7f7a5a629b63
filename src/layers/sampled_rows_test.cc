#include "layers/sampled_rows.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(SampledRows, RunsOfWantedRowsBecomeSequences) {
  const std::vector<TokenId> tokens = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  const std::vector<BlockId> first = {3, 4}, second = {5}, third = {6};
  const std::vector<BatchSequence> sequences = {{0, 4, 20, first}, {4, 2, 0, second}, {6, 4, 7, third}};
  const std::vector<int32_t> wanted = {3, 6, 8, 9};
  SampledRows sampled;
  sampled.select({.tokens = tokens, .sequences = sequences, .logit_rows = wanted});
  EXPECT_FALSE(sampled.are_all());
  const Batch& batch = sampled.batch();
  EXPECT_EQ(std::vector<TokenId>(batch.tokens.begin(), batch.tokens.end()), (std::vector<TokenId>{13, 16, 18, 19}));
  EXPECT_EQ(std::vector<int32_t>(batch.logit_rows.begin(), batch.logit_rows.end()), (std::vector<int32_t>{0, 1, 2, 3}));
  ASSERT_EQ(batch.sequences.size(), 3u);
  const int expected[3][3] = {{0, 1, 23}, {1, 1, 7}, {2, 2, 9}};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch.sequences[i].first_row, expected[i][0]);
    EXPECT_EQ(batch.sequences[i].row_count, expected[i][1]);
    EXPECT_EQ(batch.sequences[i].position, expected[i][2]);
    EXPECT_EQ(batch.sequences[i].blocks.data(), i == 0 ? first.data() : third.data());
  }

  Rows x(10, 2);
  x.reset(10);
  std::vector<float> values;
  for (int i = 0; i < 20; ++i) {
    x.row(i / 2)[i % 2] = static_cast<float>(i / 2);
    values.push_back(static_cast<float>(i / 2));
  }
  sampled.pick(x);
  sampled.pick(values, 2);
  EXPECT_EQ(x.count(), 4);
  EXPECT_EQ(values, (std::vector<float>{3, 3, 6, 6, 8, 8, 9, 9}));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(x.row(i / 2)[i % 2], values[static_cast<size_t>(i)]);
}

TEST(SampledRows, AllAndNone) {
  const std::vector<TokenId> tokens = {1, 2};
  const std::vector<BlockId> blocks = {0};
  const std::vector<BatchSequence> sequences = {{0, 2, 0, blocks}};
  const std::vector<int32_t> all = {0, 1};
  SampledRows sampled;
  sampled.select({.tokens = tokens, .sequences = sequences, .logit_rows = all});
  EXPECT_TRUE(sampled.are_all());
  ASSERT_EQ(sampled.batch().sequences.size(), 1u);
  EXPECT_EQ(sampled.batch().sequences[0].row_count, 2);
  sampled.select({.tokens = tokens, .sequences = sequences, .logit_rows = {}});
  EXPECT_FALSE(sampled.are_all());
  EXPECT_TRUE(sampled.batch().sequences.empty());
  EXPECT_TRUE(sampled.batch().tokens.empty());
}

}  // namespace
}  // namespace estoc
