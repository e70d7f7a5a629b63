#include "gpu_layers/gpu_kv_pools.h"

#include <algorithm>

namespace estoc {

GpuKvPools::GpuKvPools(const gpu::Device& device, const GpuWeightPlan& plan, const std::vector<int>& groups,
                       const RunLimits& limits)
    : kv_heads_(plan.kv_heads),
      form_(limits.kv_type == KvType::int8 ? gpu::KvForm::int8 : gpu::KvForm::bf16),
      layer_bytes_(2 * static_cast<size_t>(plan.kv_heads * gpu::kv_tile_bytes(form_, plan.head_room))) {
  struct Found {
    int group, window;
    bool is_fixed;
    size_t block_bytes;
  };
  std::vector<Found> found;
  const std::vector<const GpuMixer*> mixers = plan.states();
  for (size_t state = 0; state < groups.size(); ++state) {
    const GpuMixer& mixer = *mixers[state];
    const GpuAttention* const attention = mixer.attention();
    auto at = std::ranges::find(found, groups[state], &Found::group);
    if (at == found.end()) {
      at = found.insert(at, {groups[state], attention != nullptr ? attention->window : 0, mixer.state_bytes() > 0, 0});
    }
    places_.push_back({static_cast<size_t>(at - found.begin()), at->block_bytes});
    const GpuLatent* const latent = mixer.latent();
    at->block_bytes += at->is_fixed        ? mixer.state_bytes()
                       : latent != nullptr ? static_cast<size_t>(gpu::latent_block_bytes(latent->shape))
                                           : layer_bytes_;
  }
  for (const Found& each : found) {
    const auto blocks = static_cast<size_t>(limits.block_counts[static_cast<size_t>(each.group)]);
    pools_.push_back(
        {each.group, each.window, each.is_fixed, each.block_bytes, gpu::Buffer(device, blocks * each.block_bytes)});
    pools_.back().memory.fill(0);  // what nobody has written is read, with a weight of zero
  }
}

gpu::KvLayer GpuKvPools::layer(size_t state) const {
  return {part(state), static_cast<long>(of(state).block_bytes), kv_heads_, form_};
}

gpu::u8* GpuKvPools::part(size_t state) const { return of(state).memory.as<gpu::u8>(places_[state].at); }

long GpuKvPools::to_next(size_t state) const {
  const bool is_beside = state + 1 < places_.size() && places_[state + 1].pool == places_[state].pool;
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
