#include "tensor/state_layout.h"

#include <gtest/gtest.h>

#include <utility>

namespace estoc {
namespace {

TEST(StateLayout, BytesOfABlock) {
  // 3 heads of 64 and 1 of 8, which is padded to 16, keys and values.
  const StateLayout layout({PagedState{3, 64}, PagedState{1, 8}});
  EXPECT_EQ(layout.position_block_bytes(KvType::f32), 2u * 16 * 4 * (3 * 64 + 16));
  EXPECT_EQ(layout.position_block_bytes(KvType::bf16), 2u * 16 * 2 * (3 * 64 + 16));
  EXPECT_EQ(layout.position_block_bytes(KvType::int8), 2u * 16 * (3 * (64 + 4) + 16 + 4));
  EXPECT_EQ(layout.block_bytes(0, KvType::bf16), layout.position_block_bytes(KvType::bf16));
  EXPECT_EQ(layout.sequence_bytes(), 0u);
}

TEST(StateLayout, LayersThatCanShareTablesAreAGroup) {
  const StateLayout layout({PagedState{1, 16, 8},
                            PagedState{2, 64},
                            FixedState{100},
                            {},
                            PagedState{4, 16, 8},
                            FixedState{64, 32},
                            FixedState{65}});
  ASSERT_EQ(layout.group_count(), 4);
  EXPECT_EQ(layout.groups()[0].layers, (std::vector{0, 4}));
  EXPECT_EQ(layout.groups()[0].window, 8);
  EXPECT_EQ(layout.groups()[1].layers, (std::vector{1}));
  EXPECT_FALSE(layout.groups()[1].is_fixed());
  EXPECT_EQ(layout.groups()[2].layers, (std::vector{2, 6}));
  EXPECT_EQ(layout.groups()[2].snapshot_every, 16);
  EXPECT_EQ(layout.groups()[3].layers, (std::vector{5}));
  EXPECT_EQ(layout.group_of(3), -1);
  EXPECT_EQ(layout.group_of(6), 2);
  EXPECT_EQ(layout.block_bytes(2, KvType::int8), 128u + 128);  // whole cache lines, whatever the keys' type
  EXPECT_EQ(layout.sequence_bytes(), 128u + 128 + 64);
}

TEST(StateLayout, CopiesOfLargeStatesAreRarer) {
  for (const auto& [bytes, every] :
       {std::pair{64, 16}, {128 << 10, 32}, {1100000, 256}, {3 << 20, 512}, {1 << 30, 1024}}) {
    EXPECT_EQ(fixed_state(bytes).bytes, bytes);
    EXPECT_EQ(fixed_state(bytes).snapshot_every, every) << bytes;
  }
}

TEST(StateLayout, ALatentHasNoValues) {
  const StateLayout layout({PagedState{.kv_heads = 1, .head_dim = 576, .has_values = false}});
  EXPECT_EQ(layout.position_block_bytes(KvType::bf16), 16u * 2 * 576);
}

}  // namespace
}  // namespace estoc
