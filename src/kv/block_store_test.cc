#include "kv/block_store.h"

#include <gtest/gtest.h>

#include "kv/test_tokens.h"

namespace estoc {
namespace {

class BlockStoreTest : public testing::Test {
 protected:
  // The block of sixteen tokens that begin with `first`, as the beginning of everything.
  PrefixBlock content(int first) {
    tokens_ = tokens_from(first, kBlockTokens);
    const PrefixHash start = hasher_.start("");
    return {hasher_.next(start, tokens_), start, tokens_};
  }
  void check(const std::vector<int>& references) { store_.check_integrity(references); }

  PrefixHasher hasher_{HashKey{}};
  std::vector<TokenId> tokens_;
  BlockStore store_{3};
};

TEST_F(BlockStoreTest, WhatIsPublishedIsFoundUntilItsBlockIsTakenAgain) {
  const BlockId block = store_.take();
  store_.publish(content(0), block);
  store_.release(block);
  EXPECT_EQ(store_.cached_count(), 1);
  EXPECT_EQ(store_.find(content(0)), block);
  check({0, 0, 0});
  for (int i = 0; i < 2; ++i) EXPECT_NE(store_.take(), block);  // the others come first
  EXPECT_EQ(store_.find(content(0)), block);
  EXPECT_EQ(store_.take(), block);
  EXPECT_EQ(store_.find(content(0)), std::nullopt);
  EXPECT_EQ(store_.cached_count(), 0);
  EXPECT_EQ(store_.forgotten_count(), 1u);
  check({1, 1, 1});
}

TEST_F(BlockStoreTest, WhatIsSharedIsNoLongerCachedUntilAllHaveGone) {
  const BlockId block = store_.take();
  store_.publish(content(7), block);
  store_.release(block);
  store_.share(block);
  store_.share(block);
  EXPECT_EQ(store_.cached_count(), 0);
  check({2, 0, 0});
  store_.release(block);
  EXPECT_EQ(store_.cached_count(), 0);
  store_.release(block);
  EXPECT_EQ(store_.cached_count(), 1);
}

TEST_F(BlockStoreTest, WhatIsUnpublishedIsWorthlessWhenItIsFree) {
  const BlockId block = store_.take();
  store_.publish(content(0), block);
  store_.unpublish(block);
  store_.release(block);
  EXPECT_EQ(store_.cached_count(), 0);
  EXPECT_EQ(store_.find(content(0)), std::nullopt);
  EXPECT_EQ(store_.take(), block);  // a worthless one comes first
  check({1, 0, 0});
}

}  // namespace
}  // namespace estoc
