// Where blocks of sequences that gave way lie meanwhile: pinned main memory, a slot a block.
//
// What: the blocks of every pool of keys and values, as they lie in the device's memory. Pieces of it are pinned when
// one of their slots is first used: pinning takes as long as copying. Blocks go out on the device's stream, because
// they are written over by what comes next there, and come in on a stream of their own, beside what is computed.
// Ownership: owns the memory; borrows device and pools. Threads: one. Errors: throws Error{resource_exhausted, io}.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/swap_copy.h"
#include "gpu/device.h"
#include "gpu_layers/gpu_kv_pools.h"
#include "tensor/run_limits.h"

namespace estoc {

class GpuSwapSpace {
 public:
  GpuSwapSpace(const gpu::Device& device, GpuKvPools& pools, const RunLimits& limits);

  void swap_out(std::span<const SwapCopy> copies);
  // Behind what the device's stream has now.
  void swap_in(std::span<const SwapCopy> copies);
  // What the stream gets next comes behind what is on its way in.
  void await_swap_in();

 private:
  // Slots of a group, in pieces.
  struct Shelf {
    size_t slots = 0, slots_a_piece = 0;
    std::vector<std::optional<gpu::HostBuffer>> pieces;
  };
  std::byte* slot_of(const SwapCopy& copy, size_t block_bytes);

  const gpu::Device& device_;
  GpuKvPools& pools_;
  std::vector<Shelf> shelves_;  // [groups]
  gpu::CopyLane lane_;
  bool is_coming_in_ = false;
};

}  // namespace estoc
