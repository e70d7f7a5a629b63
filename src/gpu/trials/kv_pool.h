// One layer's keys and values as a device keeps them (gpu/source/kv_tile.h), written and read on the host: what checks
// compare with. Heads are numbered through keys and values: of KV head h they are h and kv_heads + h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/device.h"
#include "gpu/source/kv_tile.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

class KvPool {
 public:
  KvPool(KvForm form, int head_dim, int kv_heads, int blocks);

  KvLayer layer(u8* memory) const { return {memory, block_bytes(), kv_heads, form}; }
  long block_bytes() const { return 2L * kv_heads * kv_tile_bytes(form, head_dim); }
  // The same with other contents.
  KvPool with(std::vector<uint8_t> others) const;

  // What a kernel should make of a head.
  void store(uint32_t block, int head, int position, std::span<const double> values);
  double value(uint32_t block, int head, int position, int dimension) const;
  // Leaves a position as if nobody had written it: NaN in all values.
  void poison(uint32_t block, int head, int position);
  void fill(Random& random);

  KvForm form;
  int head_dim, kv_heads, blocks;
  std::vector<uint8_t> bytes;

 private:
  size_t tile(uint32_t block, int head) const {
    return static_cast<size_t>(block) * block_bytes() + static_cast<size_t>(head) * kv_tile_bytes(form, head_dim);
  }
};

// How far two pools differ, relative to the values; what nobody has written in either does not count.
double difference(const KvPool& pool, const KvPool& reference);

}  // namespace estoc::gpu
