#include "gpu_layers/gpu_kv_pools.h"

#include <algorithm>

namespace estoc {

GpuKvPools::GpuKvPools(const gpu::Device& device, const GpuWeightPlan& plan, const std::vector<int>& groups,
                       const RunLimits& limits)
    : kv_heads_(plan.kv_heads),
      form_(limits.kv_type == KvType::int8 ? gpu::KvForm::int8 : gpu::KvForm::bf16),
      layer_bytes_(2 * static_cast<size_t>(plan.kv_heads * gpu::kv_tile_bytes(form_, plan.head_room))),
      state_bytes_(plan.delta_shape() == nullptr ? 0
                                                 : static_cast<size_t>(gpu::delta_state_bytes(*plan.delta_shape()))) {
  struct Found {
    int group, window;
    bool is_fixed;
    size_t layers;
  };
  std::vector<Found> found;
  for (size_t layer = 0; layer < groups.size(); ++layer) {
    auto at = std::ranges::find(found, groups[layer], &Found::group);
    if (at == found.end())
      at = found.insert(at, {groups[layer], plan.layers[layer].window, plan.layers[layer].delta.has_value(), 0});
    places_.push_back({static_cast<size_t>(at - found.begin()), at->layers++});
  }
  for (const Found& each : found) {
    const size_t block_bytes = each.layers * (each.is_fixed ? state_bytes_ : layer_bytes_);
    const auto blocks = static_cast<size_t>(limits.block_counts[static_cast<size_t>(each.group)]);
    pools_.push_back({each.group, each.window, each.is_fixed, block_bytes, gpu::Buffer(device, blocks * block_bytes)});
    pools_.back().memory.fill(0);  // what nobody has written is read, with a weight of zero
  }
}

gpu::KvLayer GpuKvPools::layer(size_t index) const {
  const GpuKvPool& pool = of(index);
  return {pool.memory.as<gpu::u8>(places_[index].index * layer_bytes_), static_cast<long>(pool.block_bytes), kv_heads_,
          form_};
}

gpu::u8* GpuKvPools::state(size_t index) const {
  return of(index).memory.as<gpu::u8>(places_[index].index * state_bytes_);
}

long GpuKvPools::to_next(size_t index) const {
  const bool is_beside = index + 1 < places_.size() && places_[index + 1].pool == places_[index].pool;
  return is_beside ? static_cast<long>(layer_bytes_) : 0;
}

int GpuKvPools::positions_max(int context_max) const {
  int positions = context_max;
  for (const GpuKvPool& pool : pools_) {
    const auto blocks = static_cast<int64_t>(pool.memory.bytes() / pool.block_bytes);
    if (pool.window == 0 && !pool.is_fixed)
      positions = static_cast<int>(std::min<int64_t>(positions, blocks * gpu::kKvPositions));
  }
  return positions;
}

GpuKvPool* GpuKvPools::of_group(int group) {
  const auto pool = std::ranges::find(pools_, group, &GpuKvPool::group);
  return pool == pools_.end() ? nullptr : &*pool;
}

void GpuKvPools::copy_block(const BlockCopy& copy) {
  GpuKvPool* const pool = of_group(copy.group);
  if (pool == nullptr) return;
  pool->memory.begin_copy(copy.from * pool->block_bytes, copy.to * pool->block_bytes, pool->block_bytes);
}

}  // namespace estoc
