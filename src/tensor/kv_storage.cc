#include "tensor/kv_storage.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace estoc {
namespace {

// Bytes of one block's keys in one layer.
size_t key_bytes(const KvLayerSpec& spec, KvType type) {
  return static_cast<size_t>(spec.kv_heads) * static_cast<size_t>(kv_head_bytes(type, spec.head_dim));
}

}  // namespace

std::vector<int> kv_windows(const std::vector<KvLayerSpec>& layers) {
  std::vector<int> windows;
  for (const KvLayerSpec& spec : layers) {
    if (std::ranges::find(windows, spec.window) == windows.end()) windows.push_back(spec.window);
  }
  return windows;
}

int kv_group_of(const std::vector<KvLayerSpec>& layers, size_t layer) {
  const std::vector<int> windows = kv_windows(layers);
  return static_cast<int>(std::ranges::find(windows, layers[layer].window) - windows.begin());
}

KvStorage::KvStorage(std::vector<KvLayerSpec> layers, KvType type, const std::vector<int>& block_counts)
    : groups_(block_counts.size()), type_(type) {
  ESTOC_CHECK(kv_windows(layers).size() <= block_counts.size());
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    const auto group = static_cast<size_t>(kv_group_of(layers, layer));
    size_t& block_bytes = groups_[group].block_bytes;
    layers_.push_back({layers[layer], group, block_bytes, key_bytes(layers[layer], type)});
    block_bytes += 2 * layers_.back().bytes;
  }
  for (size_t group = 0; group < groups_.size(); ++group) {
    ESTOC_CHECK(block_counts[group] > 0);
    groups_[group].memory =
        PageMemory(uint64_t{groups_[group].block_bytes} * static_cast<uint64_t>(block_counts[group]), "the KV cache");
  }
}

KvStorage::KvStorage(std::vector<KvLayerSpec> layers, KvType type, int block_count)
    : KvStorage(layers, type, std::vector<int>(kv_windows(layers).size(), block_count)) {}

uint64_t KvStorage::bytes_per_block(const std::vector<KvLayerSpec>& layers, KvType type) {
  uint64_t bytes = 0;
  for (const KvLayerSpec& spec : layers) bytes += 2 * key_bytes(spec, type);
  return bytes;
}

std::byte* KvStorage::keys(int layer, BlockId block, int head) const {
  const Layer& place = at(layer);
  const Group& group = groups_[place.group];
  return group.memory.data() + group.block_bytes * block + place.offset +
         static_cast<size_t>(head) * static_cast<size_t>(kv_head_bytes(type_, place.spec.head_dim));
}

std::byte* KvStorage::values(int layer, BlockId block, int head) const {
  return keys(layer, block, head) + at(layer).bytes;
}

uint64_t KvStorage::total_bytes() const {
  uint64_t bytes = 0;
  for (const Group& group : groups_) bytes += group.memory.bytes();
  return bytes;
}

void KvStorage::copy_block(BlockId from, BlockId to, int group) {
  const Group& at = groups_[static_cast<size_t>(group)];
  std::memcpy(at.memory.data() + at.block_bytes * to, at.memory.data() + at.block_bytes * from, at.block_bytes);
}

void KvStorage::populate(int group, int begin, int end) const {
  const Group& at = groups_[static_cast<size_t>(group)];
  at.memory.populate(at.block_bytes * static_cast<uint64_t>(begin), at.block_bytes * static_cast<uint64_t>(end));
}

}  // namespace estoc
