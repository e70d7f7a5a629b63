#include "tensor/state_storage.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace estoc {
namespace {

TEST(StateStorage, EveryHeadOfEveryBlockHasItsOwnMemory) {
  const StateLayout layout({PagedState{3, 64}, PagedState{1, 8}});
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
    StateStorage storage(layout, type, 5);
    std::set<std::byte*> starts;
    unsigned char mark = 0;
    const auto each = [&](auto&& visit) {
      for (int layer = 0; layer < 2; ++layer) {
        const size_t bytes = static_cast<size_t>(kv_head_bytes(type, layout.paged(layer)->head_dim));
        for (BlockId block = 0; block < 5; ++block) {
          for (int head = 0; head < layout.paged(layer)->kv_heads; ++head) {
            visit(storage.keys(layer, block, head), bytes);
            visit(storage.values(layer, block, head), bytes);
          }
        }
      }
    };
    each([&](std::byte* at, size_t bytes) {
      EXPECT_TRUE(starts.insert(at).second);
      std::memset(at, ++mark, bytes);
    });
    mark = 0;
    each([&](std::byte* at, size_t bytes) {
      ++mark;
      EXPECT_EQ(static_cast<unsigned char>(at[0]), mark);
      EXPECT_EQ(static_cast<unsigned char>(at[bytes - 1]), mark);
    });
    EXPECT_EQ(storage.total_bytes(), 5 * layout.position_block_bytes(type));
  }
}

// Layers of a run that keeps nothing have one layer's memory for all; groups have their own.
TEST(StateStorage, PassingLayersUseTheSameMemory) {
  const StateLayout layout({PagedState{2, 32}, PagedState{2, 32, 8}, PagedState{2, 32}}, true);
  const StateStorage storage(layout, KvType::bf16, 3);
  EXPECT_EQ(storage.keys(0, 1, 1), storage.keys(2, 1, 1));
  EXPECT_EQ(storage.values(0, 2, 0), storage.values(2, 2, 0));
  EXPECT_NE(storage.keys(0, 1, 1), storage.keys(1, 1, 1));
  EXPECT_EQ(storage.total_bytes(), 2 * 3 * layout.layer_bytes(0, KvType::bf16));
  EXPECT_EQ(layout.block_bytes(0, KvType::bf16), layout.layer_bytes(0, KvType::bf16));
}

TEST(StateStorage, CopyBlockCopiesKeysAndValuesOfAllLayers) {
  StateStorage storage(StateLayout({PagedState{2, 16}, PagedState{2, 16}}), KvType::f32, 3);
  for (int layer = 0; layer < 2; ++layer) {
    std::memset(storage.keys(layer, 0, 0), 1 + layer, 2 * 16 * 16 * 4);
    std::memset(storage.values(layer, 0, 0), 11 + layer, 2 * 16 * 16 * 4);
  }
  storage.copy_block(0, 2);
  for (int layer = 0; layer < 2; ++layer) {
    EXPECT_EQ(std::memcmp(storage.keys(layer, 0, 0), storage.keys(layer, 2, 0), 2 * 16 * 16 * 4), 0);
    EXPECT_EQ(std::memcmp(storage.values(layer, 0, 1), storage.values(layer, 2, 1), 16 * 16 * 4), 0);
    EXPECT_EQ(static_cast<int>(*storage.keys(layer, 1, 0)), 0);
  }
}

TEST(StateStorage, FixedStatesAndLatentsHaveTheirOwnBlocks) {
  const StateLayout layout({PagedState{.kv_heads = 1, .head_dim = 16},
                            FixedState{100},
                            {},
                            FixedState{200},
                            PagedState{.kv_heads = 1, .head_dim = 32, .has_values = false}});
  StateStorage storage(layout, KvType::f32, {2, 3});
  EXPECT_EQ(storage.values(4, 1, 0), storage.keys(4, 1, 0));
  EXPECT_EQ(storage.values(0, 1, 0) - storage.keys(0, 1, 0), 16 * 16 * 4);
  EXPECT_EQ(storage.fixed(3, 1) - storage.fixed(1, 1), 128);
  EXPECT_EQ(storage.fixed(1, 2) - storage.fixed(1, 1), 128 + 256);
  std::memset(storage.fixed(1, 0), 1, 100);
  std::memset(storage.fixed(3, 0), 3, 200);
  storage.copy_block(0, 2, 1);
  EXPECT_EQ(std::memcmp(storage.fixed(1, 0), storage.fixed(1, 2), 100), 0);
  EXPECT_EQ(std::memcmp(storage.fixed(3, 0), storage.fixed(3, 2), 200), 0);
  EXPECT_EQ(static_cast<int>(*storage.fixed(3, 1)), 0);
}

}  // namespace
}  // namespace estoc
