#include "tokenizer/length_cut.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

using Lengths = std::pair<size_t, size_t>;

// As the library `tokenizers` 0.23 cuts by longest_first.
TEST(LengthCut, TheLongerIsCutFirst) {
  EXPECT_EQ(cut_lengths(3, 4, 7), Lengths(3, 4));
  EXPECT_EQ(cut_lengths(3, 9, 7), Lengths(3, 4));
  EXPECT_EQ(cut_lengths(9, 3, 7), Lengths(4, 3));
  EXPECT_EQ(cut_lengths(9, 2, 7), Lengths(5, 2));
  EXPECT_EQ(cut_lengths(9, 8, 7), Lengths(4, 3));
  EXPECT_EQ(cut_lengths(8, 8, 7), Lengths(3, 4));
  EXPECT_EQ(cut_lengths(8, 9, 6), Lengths(3, 3));
  EXPECT_EQ(cut_lengths(0, 9, 4), Lengths(0, 4));
  EXPECT_EQ(cut_lengths(9, 0, 4), Lengths(4, 0));
  EXPECT_EQ(cut_lengths(2, 2, 1), Lengths(0, 1));
  EXPECT_EQ(cut_lengths(2, 2, 0), Lengths(0, 0));
}

TEST(LengthCut, EndsOrBeginningsGo) {
  TextPair texts{{1, 2, 3}, {4, 5, 6, 7}};
  cut_pair(texts, 5, false);
  EXPECT_EQ(texts.first, (std::vector<TokenId>{1, 2}));
  EXPECT_EQ(texts.second, (std::vector<TokenId>{4, 5, 6}));
  cut_pair(texts, 3, true);
  EXPECT_EQ(texts.first, (std::vector<TokenId>{2}));
  EXPECT_EQ(texts.second, (std::vector<TokenId>{5, 6}));
}

}  // namespace
}  // namespace estoc
