// The device's memory of a run: keys and values, activations, logits, and what a step tells the device.
//
// Ownership: owns it all; borrows device and weights. Threads: one. Errors: throws Error{resource_exhausted, io}.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gpu/accelerator.h"
#include "gpu_layers/gpu_expert_buffers.h"
#include "gpu_layers/gpu_kv_pools.h"
#include "gpu_layers/gpu_latent_buffers.h"
#include "gpu_layers/gpu_state_buffers.h"
#include "gpu_layers/gpu_weights.h"
#include "layers/rope.h"
#include "tensor/run_limits.h"

namespace estoc {

// Small arrays on their way to the device in one copy: put one after the other, then sent together. The same arrays put
// in the same order lie at the same addresses. What was sent may be on its way until the next but one is put together.
class GpuInputs {
 public:
  GpuInputs(const gpu::Device& device, size_t bytes)
      : hosts_{gpu::HostBuffer(device, bytes), gpu::HostBuffer(device, bytes)}, device_(device, bytes) {}

  void clear() {
    used_ = 0;
    turn_ = 1 - turn_;
  }
  size_t capacity() const { return device_.bytes(); }
  // Room for `count` values, to be written before send(), and where the device has them.
  template <class T>
  struct Array {
    T* host;
    T* device;
  };
  template <class T>
  Array<T> put(size_t count) {
    const size_t at = used_;
    used_ = (used_ + count * sizeof(T) + 15) / 16 * 16;
    return {hosts_[turn_].as<T>(at), device_.as<T>(at)};
  }
  void send() { device_.begin_upload(hosts_[turn_].as<std::byte>(), used_); }

 private:
  std::array<gpu::HostBuffer, 2> hosts_;
  gpu::Buffer device_;
  size_t used_ = 0, turn_ = 0;
};

// Cosines and sines of positions, made as far as they are asked for. Pairs that the rope does not turn have an angle of
// zero (head_order.h).
class GpuRotations {
 public:
  GpuRotations(const gpu::Device& device, const RopeSpec& rope, int head_dim, int positions_max);
  // Positions below `end` are there for what is put on the stream next.
  void reach(int end);
  const float* table() const { return table_.as<float>(); }  // [position][half]{cosine, sine}

 private:
  Rope rope_;
  int half_;
  gpu::Buffer table_;
  int positions_max_, made_ = 0;
};

// Rows that the projections of few rows take at once.
inline constexpr int kGpuDecodeRows = 16;

struct GpuBuffers {
  GpuBuffers(const gpu::Accelerator& accelerator, const GpuWeights& weights, const std::vector<RopeSpec>& ropes,
             const RunLimits& limits, const std::vector<int>& groups, int context_max, bool has_prompts);

  GpuKvPools kv;
  const int rows_max, logit_rows_max, positions_max;
  std::vector<GpuRotations> rotations;

  gpu::Buffer residual;               // f32 [row][hidden]
  gpu::Buffer inputs;                 // bf16 [row][hidden]
  gpu::Buffer squares;                // f32 [row][parts]
  gpu::Buffer qkv;                    // f32 [row][what the layer's mixers are given by their projections]
  gpu::Buffer attended;               // bf16 [row][what a mixer's last product reads], or token tiles of it
  gpu::Buffer activated;              // bf16 [row][mlp width], or token tiles of it
  gpu::Buffer partial, arrived;       // of attention's splits
  std::optional<gpu::Buffer> raised;  // f32 [row][width] of MLPs without a gate, before their activation
  std::optional<gpu::Buffer> part;    // f32 [row][hidden]: what a part has computed, where it is not just added
  std::optional<GpuExpertBuffers> experts;
  std::optional<GpuStateBuffers> states;
  std::optional<GpuLatentBuffers> latent;
  std::optional<gpu::Buffer> normed, queries, product_partial, product_arrivals;  // of prompts

  std::optional<gpu::Buffer> logits;        // f32 [logit row][vocabulary]
  std::optional<gpu::Buffer> sample_tiles;  // of logits (gpu/source/sample.h)
  gpu::Buffer tokens;                       // u32 [logit row]
  gpu::HostBuffer
      hidden_host;  // f32 [row][hidden], on its way from or to another stack; empty for one that has both ends
};

}  // namespace estoc
