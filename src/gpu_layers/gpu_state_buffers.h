// What mixers with fixed states compute in, beside their projections' results.
//
// Ownership: owns it. Threads: one. Errors: the constructor throws Error{resource_exhausted, io}.
#pragma once

#include <cstddef>
#include <optional>

#include "gpu/device.h"
#include "gpu_layers/gpu_weight_plan.h"

namespace estoc {

// Columns of what there is of each row; 0 for what no layer has.
struct GpuStateSizes {
  int rows = 0;
  int convolved = 0;
  int halves = 0, parts = 0, narrow_steps = 0, steps = 0;  // of Mamba
  void include(const GpuStateSizes& other);
};
// Nothing where no layer has such a mixer.
std::optional<GpuStateSizes> state_sizes_of(const GpuWeightPlan& plan, int rows_max);
GpuStateSizes state_sizes_of(const MixerSpec& mixer);  // one layer's, without rows

struct GpuStateBuffers {
  GpuStateBuffers(const gpu::Device& device, const GpuStateSizes& sizes);
  static size_t bytes_of(const GpuStateSizes& sizes);

  gpu::Buffer convolved;     // f32 [row][columns]
  gpu::Buffer halves;        // bf16 [row][columns] of x, or token tiles
  gpu::Buffer parts;         // f32 [row][narrow steps, b, c]
  gpu::Buffer narrow_steps;  // bf16 [row][rank], or token tiles
  gpu::Buffer steps;         // f32 [row][columns]
};

}  // namespace estoc
