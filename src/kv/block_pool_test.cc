#include "kv/block_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace estoc {
namespace {

TEST(BlockPool, HandsOutEveryBlockOnceAndThenNothing) {
  BlockPool pool(5);
  std::set<BlockId> taken;
  for (int i = 0; i < 5; ++i) taken.insert(*pool.take());
  EXPECT_EQ(taken, (std::set<BlockId>{0, 1, 2, 3, 4}));
  EXPECT_EQ(pool.take(), std::nullopt);
  EXPECT_EQ(pool.free_count(), 0);
  pool.check_integrity();
}

TEST(BlockPool, ASharedBlockIsFreeAfterItsLastRelease) {
  BlockPool pool(1);
  const BlockId block = *pool.take();
  pool.share(block);
  EXPECT_EQ(pool.references(block), 2);
  pool.release(block);
  EXPECT_EQ(pool.used_count(), 1);
  EXPECT_EQ(pool.take(), std::nullopt);
  pool.release(block);
  EXPECT_EQ(pool.used_count(), 0);
  EXPECT_EQ(pool.take(), block);
}

TEST(BlockPool, AnEmptyPoolHasNothing) {
  BlockPool pool(0);
  EXPECT_EQ(pool.take(), std::nullopt);
  pool.check_integrity();
}

TEST(BlockPool, AgreesWithAMapOfCountsUnderRandomUse) {
  std::mt19937 random(7);
  BlockPool pool(20);
  std::map<BlockId, int> expected;
  for (int round = 0; round < 20000; ++round) {
    const auto action = random() % 3;
    if (action == 0) {
      const auto block = pool.take();
      ASSERT_EQ(block.has_value(), expected.size() < 20);
      ASSERT_EQ(block.has_value(), block && expected.emplace(*block, 1).second);
    } else if (!expected.empty()) {
      auto it = std::next(expected.begin(), static_cast<long>(random() % expected.size()));
      if (action == 1) {
        pool.share(it->first);
        ++it->second;
      } else {
        pool.release(it->first);
        if (--it->second == 0) expected.erase(it);
      }
    }
    ASSERT_EQ(pool.used_count(), static_cast<int>(expected.size()));
    if (round % 50 == 0) pool.check_integrity();
  }
  for (const auto& [block, count] : expected) EXPECT_EQ(pool.references(block), count);
}

TEST(BlockPoolDeathTest, ReleasingAFreeBlockIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  BlockPool pool(1);
  EXPECT_DEATH(pool.release(0), "references_");
}

TEST(BlocksFor, RoundsUp) {
  EXPECT_EQ(blocks_for(0), 0);
  EXPECT_EQ(blocks_for(1), 1);
  EXPECT_EQ(blocks_for(16), 1);
  EXPECT_EQ(blocks_for(17), 2);
  EXPECT_EQ(blocks_for(2147483647), 134217728);
}

}  // namespace
}  // namespace estoc
