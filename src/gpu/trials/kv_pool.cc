#include "gpu/trials/kv_pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace estoc::gpu {

KvPool::KvPool(KvForm kv_form, int dims, int heads, int count)
    : form(kv_form),
      head_dim(dims),
      kv_heads(heads),
      blocks(count),
      bytes(static_cast<size_t>(count) * 2 * heads * kv_tile_bytes(kv_form, dims)) {}

KvPool KvPool::with(std::vector<uint8_t> others) const {
  KvPool pool = *this;
  pool.bytes = std::move(others);
  return pool;
}

void KvPool::store(uint32_t block, int head, int position, std::span<const double> values) {
  uint8_t* to = bytes.data() + tile(block, head);
  float largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(static_cast<float>(value)));
  const float scale = largest / 127.0f, inverse = largest > 0 ? 127.0f / largest : 0;
  for (int d = 0; d < head_dim; ++d) {
    const auto value = static_cast<float>(values[d]);
    const uint16_t bits = f32_to_bf16(value);
    const auto code = static_cast<int8_t>(std::nearbyint(value * inverse));
    std::memcpy(to + kv_byte(form, head_dim, position, d),
                form == KvForm::bf16 ? static_cast<const void*>(&bits) : &code, form == KvForm::bf16 ? 2 : 1);
  }
  if (form == KvForm::int8) std::memcpy(to + kv_scale_byte(head_dim, position), &scale, 4);
}

double KvPool::value(uint32_t block, int head, int position, int dimension) const {
  const uint8_t* from = bytes.data() + tile(block, head);
  const uint8_t* at = from + kv_byte(form, head_dim, position, dimension);
  if (form == KvForm::bf16) {
    uint16_t bits;
    std::memcpy(&bits, at, 2);
    return bf16_to_f32(bits);
  }
  float scale;
  std::memcpy(&scale, from + kv_scale_byte(head_dim, position), 4);
  return static_cast<double>(scale) * static_cast<int8_t>(*at);
}

void KvPool::poison(uint32_t block, int head, int position) {
  uint8_t* to = bytes.data() + tile(block, head);
  for (int d = 0; d < head_dim; ++d) {
    std::memcpy(to + kv_byte(form, head_dim, position, d), &kPoisonBf16, form == KvForm::bf16 ? 2 : 1);
  }
  if (form == KvForm::int8) std::memcpy(to + kv_scale_byte(head_dim, position), &kPoison, 4);
}

void KvPool::fill(Random& random) {
  std::vector<double> values(head_dim);
  for (int block = 0; block < blocks; ++block) {
    for (int i = 0; i < 2 * kv_heads * kKvPositions; ++i) {
      for (double& value : values) value = draw_normal(random);
      store(static_cast<uint32_t>(block), i / kKvPositions, i % kKvPositions, values);
    }
  }
}

double difference(const KvPool& pool, const KvPool& reference) {
  ErrorSum error;
  for (int block = 0; block < pool.blocks; ++block) {
    for (int i = 0; i < 2 * pool.kv_heads * kKvPositions * pool.head_dim; ++i) {
      const int head = i / (kKvPositions * pool.head_dim), position = i / pool.head_dim % kKvPositions;
      const double value = pool.value(static_cast<uint32_t>(block), head, position, i % pool.head_dim),
                   wanted = reference.value(static_cast<uint32_t>(block), head, position, i % pool.head_dim);
      if (!std::isnan(value) || !std::isnan(wanted)) error.add(value, wanted);
    }
  }
  return error.relative();
}

}  // namespace estoc::gpu
