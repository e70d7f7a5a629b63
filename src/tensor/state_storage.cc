#include "tensor/state_storage.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace estoc {

StateStorage::StateStorage(const StateLayout& layout, KvType type, const std::vector<int>& block_counts,
                           std::span<const int> elsewhere)
    : layout_(layout), layers_(static_cast<size_t>(layout.layer_count())), type_(type) {
  ESTOC_CHECK(block_counts.size() == layout.groups().size());
  for (const StateGroup& spec : layout.groups()) {
    const size_t index = groups_.size();
    Group& group = groups_.emplace_back();
    for (const int layer : spec.layers) {
      Layer& place = layers_[static_cast<size_t>(layer)];
      place = {.group = index, .offset = layout.is_passing() ? 0 : group.block_bytes};
      if (std::ranges::binary_search(elsewhere, layer)) continue;
      const uint64_t bytes = layout.layer_bytes(layer, type);
      const PagedState* paged = layout.paged(layer);
      if (paged != nullptr) {
        place.head_bytes = static_cast<size_t>(kv_head_bytes(type, paged->head_dim));
        place.value_offset = paged->has_values ? bytes / 2 : 0;
      }
      group.block_bytes = place.offset + bytes;
    }
    ESTOC_CHECK(block_counts[index] > 0);
    const uint64_t bytes = uint64_t{group.block_bytes} * static_cast<uint64_t>(block_counts[index]);
    if (bytes > 0) group.memory = PageMemory(bytes, "the KV cache");
  }
}

StateStorage::StateStorage(const StateLayout& layout, KvType type, int block_count)
    : StateStorage(layout, type, std::vector<int>(layout.groups().size(), block_count)) {}

std::byte* StateStorage::fixed(int layer, BlockId block) const {
  const Layer& place = at(layer);
  const Group& group = groups_[place.group];
  return group.memory.data() + group.block_bytes * block + place.offset;
}

std::byte* StateStorage::keys(int layer, BlockId block, int head) const {
  return fixed(layer, block) + static_cast<size_t>(head) * at(layer).head_bytes;
}

std::byte* StateStorage::values(int layer, BlockId block, int head) const {
  return keys(layer, block, head) + at(layer).value_offset;
}

uint64_t StateStorage::total_bytes() const {
  uint64_t bytes = 0;
  for (const Group& group : groups_) bytes += group.memory.bytes();
  return bytes;
}

void StateStorage::copy_block(BlockId from, BlockId to, int group) {
  const Group& at = groups_[static_cast<size_t>(group)];
  if (at.block_bytes == 0) return;
  std::memcpy(at.memory.data() + at.block_bytes * to, at.memory.data() + at.block_bytes * from, at.block_bytes);
}

void StateStorage::populate(int group, int begin, int end) const {
  const Group& at = groups_[static_cast<size_t>(group)];
  at.memory.populate(at.block_bytes * static_cast<uint64_t>(begin), at.block_bytes * static_cast<uint64_t>(end));
}

}  // namespace estoc
