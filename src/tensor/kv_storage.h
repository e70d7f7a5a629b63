// Memory for keys and values: fixed blocks of 16 positions for every layer, addressed by block id.
//
// What: for each group of layers [block][layer][keys, values][kv head], and inside a head what quant/kv_type.h says,
// scales included. A block's memory is contiguous over its layers and holds no addresses: what is resident grows with
// the blocks in use, and a block can be copied or stored whole. Who owns which block is the business of kv/; this is
// storage only. Ownership: owns an anonymous mapping a group (huge pages asked for). Threads: disjoint rows may be
// written at once. Errors: the constructor throws Error{resource_exhausted} with the size asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "quant/kv_type.h"
#include "tensor/page_memory.h"

namespace estoc {

// The state one layer keeps per position.
struct KvLayerSpec {
  int kv_heads = 0;
  int head_dim = 0;  // same for keys and values
  int window = 0;    // positions a token sees, itself included; 0 for all
  bool operator==(const KvLayerSpec&) const = default;
};

// Layers that see the same part of the past share their tables of blocks: one group a window, in the order of the
// layers. Most models have one group.
std::vector<int> kv_windows(const std::vector<KvLayerSpec>& layers);
int kv_group_of(const std::vector<KvLayerSpec>& layers, size_t layer);

class KvStorage {
 public:
  // One count of blocks a group.
  KvStorage(std::vector<KvLayerSpec> layers, KvType type, const std::vector<int>& block_counts);
  // The same count for every group: sequences may then use one table of blocks for all (table_stride 0).
  KvStorage(std::vector<KvLayerSpec> layers, KvType type, int block_count);

  // The keys (or values) of one head in one block, 64-byte aligned.
  std::byte* keys(int layer, BlockId block, int head) const;
  std::byte* values(int layer, BlockId block, int head) const;

  int group_count() const { return static_cast<int>(groups_.size()); }
  uint64_t block_bytes_of_group(int group) const { return groups_[static_cast<size_t>(group)].block_bytes; }

  // From a head's keys in one block to its keys in the next.
  size_t block_bytes(int layer) const { return groups_[at(layer).group].block_bytes; }

  KvType type() const { return type_; }
  const KvLayerSpec& spec(int layer) const { return at(layer).spec; }
  uint64_t total_bytes() const;

  // Backs the memory of blocks [begin, end) of a group, see PageMemory::populate. Any thread.
  void populate(int group, int begin, int end) const;

  // Copies one whole block in every layer of the group (copy on write).
  void copy_block(BlockId from, BlockId to, int group = 0);

  // Bytes that one block takes over all these layers.
  static uint64_t bytes_per_block(const std::vector<KvLayerSpec>& layers, KvType type);

 private:
  struct Layer {
    KvLayerSpec spec;
    size_t group = 0;
    size_t offset = 0;  // of this layer's keys inside a block
    size_t bytes = 0;   // of its keys; its values follow and are as large
  };
  struct Group {
    size_t block_bytes = 0;
    PageMemory memory;
  };
  const Layer& at(int layer) const { return layers_[static_cast<size_t>(layer)]; }

  std::vector<Layer> layers_;
  std::vector<Group> groups_;
  KvType type_;
};

}  // namespace estoc
