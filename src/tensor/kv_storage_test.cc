#include "tensor/kv_storage.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace estoc {
namespace {

TEST(KvStorage, EveryHeadOfEveryBlockHasItsOwnMemory) {
  const std::vector<KvLayerSpec> layers = {{3, 64}, {1, 8}};
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
    KvStorage storage(layers, type, 5);
    std::set<std::byte*> starts;
    unsigned char mark = 0;
    const auto each = [&](auto&& visit) {
      for (int layer = 0; layer < 2; ++layer) {
        const size_t bytes = static_cast<size_t>(kv_head_bytes(type, layers[static_cast<size_t>(layer)].head_dim));
        for (BlockId block = 0; block < 5; ++block) {
          for (int head = 0; head < layers[static_cast<size_t>(layer)].kv_heads; ++head) {
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
    EXPECT_EQ(storage.total_bytes(), 5 * KvStorage::bytes_per_block(layers, type));
  }
}

TEST(KvStorage, BytesOfABlock) {
  // 3 heads of 64 and 1 of 8, which is padded to 16, keys and values.
  EXPECT_EQ(KvStorage::bytes_per_block({{3, 64}, {1, 8}}, KvType::f32), 2u * 16 * 4 * (3 * 64 + 16));
  EXPECT_EQ(KvStorage::bytes_per_block({{3, 64}, {1, 8}}, KvType::bf16), 2u * 16 * 2 * (3 * 64 + 16));
  EXPECT_EQ(KvStorage::bytes_per_block({{3, 64}, {1, 8}}, KvType::int8), 2u * 16 * (3 * (64 + 4) + 16 + 4));
}

TEST(KvStorage, CopyBlockCopiesKeysAndValuesOfAllLayers) {
  KvStorage storage({{2, 16}, {2, 16}}, KvType::f32, 3);
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

}  // namespace
}  // namespace estoc
