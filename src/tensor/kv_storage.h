// Memory for keys and values: fixed blocks of 16 positions for every layer, addressed by block id.
//
// What: [block][layer][keys, values][kv head][16 * head_dim]. A block's memory is contiguous over all layers, so what
// is resident grows with the blocks in use. Inside a head values are [position][head_dim], but keys are transposed,
// [head_dim][position]: scores of 16 positions then come out in the lanes of one vector, without a horizontal sum. Who
// owns which block is the business of kv/; this is storage only.
// Ownership: owns one anonymous mapping (huge pages asked for). Threads: disjoint rows may be written at once.
// Errors: the constructor throws Error{resource_exhausted} with the size asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "tensor/page_memory.h"

namespace estoc {

inline constexpr int kKvBlockTokens = 16;

enum class KvType { f32, f16 };
constexpr int kv_type_bytes(KvType type) { return type == KvType::f32 ? 4 : 2; }

// The state one layer keeps per position.
struct KvLayerSpec {
  int kv_heads = 0;
  int head_dim = 0;  // same for keys and values
  bool operator==(const KvLayerSpec&) const = default;
};

class KvStorage {
 public:
  KvStorage(std::vector<KvLayerSpec> layers, KvType type, int block_count);

  // The 16 * head_dim keys (or values) of one head in one block.
  std::byte* keys(int layer, BlockId block, int head) const;
  std::byte* values(int layer, BlockId block, int head) const;

  KvType type() const { return type_; }
  int block_count() const { return block_count_; }
  const KvLayerSpec& spec(int layer) const { return layers_[static_cast<size_t>(layer)].spec; }
  uint64_t total_bytes() const { return memory_.bytes(); }

  // Copies one whole block in every layer (copy on write).
  void copy_block(BlockId from, BlockId to);

  // Bytes that one block takes over all layers.
  static uint64_t bytes_per_block(const std::vector<KvLayerSpec>& layers, KvType type);

 private:
  struct Layer {
    KvLayerSpec spec;
    size_t offset = 0;  // of this layer's keys inside a block
    size_t bytes = 0;   // of its keys; its values follow and are as large
  };
  std::vector<Layer> layers_;
  KvType type_;
  int block_count_;
  size_t block_bytes_ = 0;
  PageMemory memory_;
};

}  // namespace estoc
