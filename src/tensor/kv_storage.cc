#include "tensor/kv_storage.h"

#include <cstring>

#include "base/check.h"

namespace estoc {
namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

size_t layer_block_bytes(const KvLayerSpec& spec, KvType type) {
  return aligned(static_cast<size_t>(spec.kv_heads) * static_cast<size_t>(spec.head_dim) * kKvBlockTokens *
                 static_cast<size_t>(kv_type_bytes(type)));
}

}  // namespace

KvStorage::KvStorage(std::vector<KvLayerSpec> layers, KvType type, int block_count)
    : type_(type), block_count_(block_count) {
  ESTOC_CHECK(block_count > 0);
  total_bytes_ = bytes_per_block(layers, type) * static_cast<uint64_t>(block_count);
  memory_ = PageMemory(total_bytes_, "the KV cache");
  std::byte* next = memory_.data();
  for (const KvLayerSpec& spec : layers) {
    Layer layer{spec, layer_block_bytes(spec, type), nullptr, nullptr};
    layer.keys = next;
    layer.values = next + layer.block_bytes * static_cast<size_t>(block_count);
    next = layer.values + layer.block_bytes * static_cast<size_t>(block_count);
    layers_.push_back(layer);
  }
}

uint64_t KvStorage::bytes_per_block(const std::vector<KvLayerSpec>& layers, KvType type) {
  uint64_t bytes = 0;
  for (const KvLayerSpec& spec : layers) bytes += 2 * layer_block_bytes(spec, type);
  return bytes;
}

std::byte* KvStorage::keys(int layer, BlockId block, int head) const {
  const Layer& at = layers_[static_cast<size_t>(layer)];
  return at.keys + at.block_bytes * block +
         static_cast<size_t>(head * at.spec.head_dim * kKvBlockTokens * kv_type_bytes(type_));
}

std::byte* KvStorage::values(int layer, BlockId block, int head) const {
  const Layer& at = layers_[static_cast<size_t>(layer)];
  return keys(layer, block, head) + (at.values - at.keys);
}

void KvStorage::copy_block(BlockId from, BlockId to) {
  for (const Layer& layer : layers_) {
    std::memcpy(layer.keys + layer.block_bytes * to, layer.keys + layer.block_bytes * from, layer.block_bytes);
    std::memcpy(layer.values + layer.block_bytes * to, layer.values + layer.block_bytes * from, layer.block_bytes);
  }
}

}  // namespace estoc
