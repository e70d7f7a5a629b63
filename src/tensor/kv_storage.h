// Memory for keys and values: fixed blocks of 16 positions for every layer, addressed by block id.
//
// What: [block][layer][keys, values][kv head], and inside a head what quant/kv_type.h says, scales included. A block's
// memory is contiguous over all layers and holds no addresses: what is resident grows with the blocks in use, and a
// block can be copied or stored whole. Who owns which block is the business of kv/; this is storage only.
// Ownership: owns one anonymous mapping (huge pages asked for). Threads: disjoint rows may be written at once.
// Errors: the constructor throws Error{resource_exhausted} with the size asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "quant/kv_type.h"
#include "tensor/page_memory.h"

namespace estoc {

// The state one layer keeps per position.
struct KvLayerSpec {
  int kv_heads = 0;
  int head_dim = 0;  // same for keys and values
  bool operator==(const KvLayerSpec&) const = default;
};

class KvStorage {
 public:
  KvStorage(std::vector<KvLayerSpec> layers, KvType type, int block_count);

  // The keys (or values) of one head in one block, 64-byte aligned.
  std::byte* keys(int layer, BlockId block, int head) const;
  std::byte* values(int layer, BlockId block, int head) const;

  // From a head's keys in one block to its keys in the next.
  size_t block_bytes() const { return block_bytes_; }

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
