// What a device's layers keep of the past: a pool for each group of layers that see the same part of it, or that keep
// fixed states.
//
// What: layers of one group share tables of blocks (tensor/state_layout.h); a pool has what all of this stack's layers
// of the group keep in a block, in the form that RunLimits asks for. Ownership: owns the memory; borrows the device.
// Threads: one. Errors: the constructor throws Error{resource_exhausted, io}.
#pragma once

#include <vector>

#include "base/ids.h"
#include "gpu/device.h"
#include "gpu/source/kv_tile.h"
#include "gpu_layers/gpu_weight_plan.h"
#include "tensor/run_limits.h"

namespace estoc {

struct GpuKvPool {
  int group = 0;          // of the model's state
  int window = 0;         // positions that its layers see; 0 for all
  bool is_fixed = false;  // a block a sequence
  size_t block_bytes = 0;
  gpu::Buffer memory;  // [block][layer of the group][keys, values][KV head] tiles (gpu/source/kv_tile.h), tiles of
                       // latents, or states
};

class GpuKvPools {
 public:
  // `groups` are those of the plan's states.
  GpuKvPools(const gpu::Device& device, const GpuWeightPlan& plan, const std::vector<int>& groups,
             const RunLimits& limits);

  const std::vector<GpuKvPool>& pools() const { return pools_; }
  // Of a state of the plan's:
  size_t pool_of(size_t state) const { return places_[state].pool; }
  const GpuKvPool& of(size_t state) const { return pools_[pool_of(state)]; }
  gpu::KvLayer layer(size_t state) const;
  // A fixed one, or a layer's latents, in block 0; those of other blocks are block_bytes of its pool apart.
  gpu::u8* part(size_t state) const;
  // Bytes from a layer's keys to those of the next one that has some; 0 where these are in another pool, or none has.
  long to_next(size_t state) const;
  size_t layer_bytes() const { return layer_bytes_; }  // in a block
  // What can be kept of a sequence: positions, where some layer sees all of them.
  int positions_max(int context_max) const;
  GpuKvPool* of_group(int group);  // null when none of the layers is in that group of the model's
  void copy_block(const BlockCopy& copy);

 private:
  struct Place {
    size_t pool = 0, at = 0;  // bytes into a block
  };
  int kv_heads_;
  gpu::KvForm form_;
  size_t layer_bytes_;
  std::vector<Place> places_;  // [state]
  std::vector<GpuKvPool> pools_;
};

}  // namespace estoc
