#include "sampling/token_mask.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(TokenMask, AllowsAllUntilForbidden) {
  TokenMask mask;
  mask.reset(70);
  ASSERT_EQ(mask.words().size(), 3u);
  for (const TokenId token : {0, 31, 32, 63, 64, 69}) EXPECT_TRUE(mask.allows(token)) << token;
  for (const TokenId token : {-1, 70, 1000}) EXPECT_FALSE(mask.allows(token)) << token;
  for (const TokenId token : {0, 31, 64, -1, 70}) mask.forbid(token);
  for (const TokenId token : {0, 31, 64}) EXPECT_FALSE(mask.allows(token)) << token;
  for (const TokenId token : {1, 30, 32, 63, 65, 69}) EXPECT_TRUE(mask.allows(token)) << token;
  EXPECT_EQ(mask.words()[0], 0x7FFFFFFEu);
  EXPECT_EQ(mask.words()[2], 0xFFFFFFFEu);
  mask.reset(70);
  EXPECT_TRUE(mask.allows(0));
}

TEST(TokenMask, CountsWhatItAllowsInsideTheVocabulary) {
  TokenMask mask;
  for (const size_t vocab : {1u, 31u, 32u, 33u, 70u}) {
    mask.reset(vocab);
    EXPECT_EQ(mask.count(), vocab);
  }
  mask.forbid(3);
  EXPECT_EQ(mask.count(), 69u);
  mask.allow_only(64);
  EXPECT_EQ(mask.count(), 1u);
  EXPECT_TRUE(mask.allows(64));
  mask.allow_only(70);
  EXPECT_EQ(mask.count(), 0u);
}

}  // namespace
}  // namespace estoc
