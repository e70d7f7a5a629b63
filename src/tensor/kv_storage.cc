#include "tensor/kv_storage.h"

#include <cstring>

#include "base/check.h"

namespace estoc {
namespace {

// Bytes of one block's keys in one layer.
size_t key_bytes(const KvLayerSpec& spec, KvType type) {
  return static_cast<size_t>(spec.kv_heads) * static_cast<size_t>(kv_head_bytes(type, spec.head_dim));
}

}  // namespace

KvStorage::KvStorage(std::vector<KvLayerSpec> layers, KvType type, int block_count)
    : type_(type), block_count_(block_count) {
  ESTOC_CHECK(block_count > 0);
  for (const KvLayerSpec& spec : layers) {
    layers_.push_back({spec, block_bytes_, key_bytes(spec, type)});
    block_bytes_ += 2 * layers_.back().bytes;
  }
  memory_ = PageMemory(uint64_t{block_bytes_} * static_cast<uint64_t>(block_count), "the KV cache");
}

uint64_t KvStorage::bytes_per_block(const std::vector<KvLayerSpec>& layers, KvType type) {
  uint64_t bytes = 0;
  for (const KvLayerSpec& spec : layers) bytes += 2 * key_bytes(spec, type);
  return bytes;
}

std::byte* KvStorage::keys(int layer, BlockId block, int head) const {
  const Layer& at = layers_[static_cast<size_t>(layer)];
  return memory_.data() + block_bytes_ * block + at.offset +
         static_cast<size_t>(head) * static_cast<size_t>(kv_head_bytes(type_, at.spec.head_dim));
}

std::byte* KvStorage::values(int layer, BlockId block, int head) const {
  return keys(layer, block, head) + layers_[static_cast<size_t>(layer)].bytes;
}

void KvStorage::copy_block(BlockId from, BlockId to) {
  std::memcpy(memory_.data() + block_bytes_ * to, memory_.data() + block_bytes_ * from, block_bytes_);
}

}  // namespace estoc
