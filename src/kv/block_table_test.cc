#include "kv/block_table.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(BlockTable, GrowsByWholeBlocks) {
  BlockPool pool(4);
  BlockTable table;
  ASSERT_TRUE(table.grow(pool, 1));
  EXPECT_EQ(table.block_count(), 1);
  ASSERT_TRUE(table.grow(pool, 16));
  EXPECT_EQ(table.block_count(), 1);
  ASSERT_TRUE(table.grow(pool, 17));
  EXPECT_EQ(table.block_count(), 2);
  ASSERT_TRUE(table.grow(pool, 3));  // never shrinks
  EXPECT_EQ(table.block_count(), 2);
  EXPECT_EQ(table.missing_for(64), 2);
  table.release(pool);
  EXPECT_EQ(table.block_count(), 0);
  EXPECT_EQ(pool.used_count(), 0);
  pool.check_integrity();
}

TEST(BlockTable, KeepsItsBlocksWhenItGrows) {
  BlockPool pool(3);
  BlockTable table, other;
  ASSERT_TRUE(table.grow(pool, 16));
  const BlockId first = table.blocks()[0];
  ASSERT_TRUE(other.grow(pool, 16));
  ASSERT_TRUE(table.grow(pool, 32));
  EXPECT_EQ(table.blocks()[0], first);
  EXPECT_NE(table.blocks()[1], other.blocks()[0]);
}

TEST(BlockTable, TakesAllOrNothing) {
  BlockPool pool(3);
  BlockTable table, other;
  ASSERT_TRUE(other.grow(pool, 32));
  EXPECT_FALSE(table.grow(pool, 32));
  EXPECT_EQ(table.block_count(), 0);
  EXPECT_EQ(pool.free_count(), 1);
  EXPECT_TRUE(table.grow(pool, 16));
}

}  // namespace
}  // namespace estoc
