// Memory for what layers keep of the past: blocks for every group of layers, addressed by block id.
//
// What: for each group [block][layer], and in a layer of keys and values [keys, values][kv head], inside a head what
// quant/kv_type.h says, scales included; a layer of fixed states has its bytes. A block's memory is contiguous over its
// layers and holds no addresses: what is resident grows with the blocks in use, and a block can be copied or stored
// whole. Who owns which block is the business of kv/; this is storage only. Ownership: owns an anonymous mapping a
// group (huge pages asked for). Threads: disjoint rows may be written at once. Errors: the constructor throws
// Error{resource_exhausted} with the size asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "quant/kv_type.h"
#include "tensor/page_memory.h"
#include "tensor/state_layout.h"

namespace estoc {

class StateStorage {
 public:
  // One count of blocks a group. Of the layers `elsewhere` nothing is kept here.
  StateStorage(const StateLayout& layout, KvType type, const std::vector<int>& block_counts,
               std::span<const int> elsewhere = {});
  // The same count for every group: sequences may then use one table of blocks for all (table_stride 0).
  StateStorage(const StateLayout& layout, KvType type, int block_count);

  // The keys (or values) of one head in one block, 64-byte aligned.
  std::byte* keys(int layer, BlockId block, int head) const;
  std::byte* values(int layer, BlockId block, int head) const;
  // A layer's fixed state, 64-byte aligned. What a sequence finds there at its first position is not its own.
  std::byte* fixed(int layer, BlockId block) const;

  // From a head's keys in one block to its keys in the next.
  size_t block_bytes(int layer) const { return groups_[at(layer).group].block_bytes; }

  KvType type() const { return type_; }
  const StateLayout& layout() const { return layout_; }
  const PagedState& paged(int layer) const { return *layout_.paged(layer); }
  uint64_t total_bytes() const;

  uint64_t block_bytes_of_group(int group) const { return groups_[static_cast<size_t>(group)].block_bytes; }
  // Backs the memory of blocks [begin, end) of a group, see PageMemory::populate. Any thread.
  void populate(int group, int begin, int end) const;

  // Copies one whole block in every layer of the group (copy on write).
  void copy_block(BlockId from, BlockId to, int group = 0);

 private:
  struct Layer {
    size_t group = 0;
    size_t offset = 0;        // inside a block
    size_t value_offset = 0;  // from its keys; 0 when values are the keys
    size_t head_bytes = 0;
  };
  struct Group {
    size_t block_bytes = 0;
    PageMemory memory;
  };
  const Layer& at(int layer) const { return layers_[static_cast<size_t>(layer)]; }

  StateLayout layout_;
  std::vector<Layer> layers_;
  std::vector<Group> groups_;
  KvType type_;
};

}  // namespace estoc
