// What mixtures of experts compute in on a device; all layers' use it in turn (gpu/source/route.h, experts.h).
//
// Ownership: owns the memory; borrows the device. Threads: one. Errors: throws Error{resource_exhausted, io}.
#pragma once

#include <cstddef>
#include <optional>

#include "gpu/device.h"
#include "gpu_layers/gpu_weight_plan.h"

namespace estoc {

// The widest of a plan's mixtures, for batches of so many rows.
struct GpuExpertSizes {
  int rows = 0, hidden = 0;
  int outputs = 0, chosen = 0, width = 0;
  int slots = 0, places = 0;  // places: of prompts, 0 without kernels for them
  bool has_shared = false;
};
// Nothing where no layer has experts.
std::optional<GpuExpertSizes> expert_sizes_of(const GpuWeightPlan& plan, int rows_max, bool has_prompts);

struct GpuExpertBuffers {
  GpuExpertBuffers(const gpu::Device& device, const GpuExpertSizes& sizes);
  static size_t bytes_of(const GpuExpertSizes& sizes);

  gpu::Buffer logits;         // f32 [row][outputs]
  gpu::Buffer chosen;         // int [row][chosen]
  gpu::Buffer weights;        // f32 [row][chosen]
  gpu::Buffer shared_weight;  // f32 [row]
  gpu::Buffer inputs;         // bf16 [row][hidden], of few rows
  gpu::Buffer slots;          // gpu::ExpertSlot
  gpu::Buffer counts;         // int: slots, tiles
  gpu::Buffer activated;      // bf16 [row * chosen][width], or token tiles of [place][width]
  gpu::Buffer shared;         // f32 [row][hidden], what the shared expert gave
  // Of prompts:
  gpu::Buffer places;        // int [row][chosen]
  gpu::Buffer place_rows;    // int [place]
  gpu::Buffer tile_experts;  // int [place / 64]
  gpu::Buffer gathered;      // token tiles of [place][hidden]
  gpu::Buffer parts;         // f32 [place][hidden]
};

}  // namespace estoc
