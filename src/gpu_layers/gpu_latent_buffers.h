// What latent attention computes in, beside its projections' results.
//
// Ownership: owns it. Threads: one. Errors: the constructor throws Error{resource_exhausted, io}.
#pragma once

#include <cstddef>
#include <optional>

#include "gpu/device.h"
#include "gpu_layers/gpu_weight_plan.h"

namespace estoc {

// For batches of so many rows.
struct GpuLatentSizes {
  int rows = 0, multiprocessors = 0;
  gpu::LatentShape shape{};
};
// Nothing where no layer attends to latents; all that do are alike.
std::optional<GpuLatentSizes> latent_sizes_of(const GpuWeightPlan& plan, int rows_max, int multiprocessors);

struct GpuLatentBuffers {
  GpuLatentBuffers(const gpu::Device& device, const GpuLatentSizes& sizes);
  static size_t bytes_of(const GpuLatentSizes& sizes);

  gpu::Buffer compressed;  // bf16 [row][query_rank], or token tiles
  gpu::Buffer queries;     // f32 [row][heads][key_dim, turned_dim], where they were compressed
  // Of kLatentRows rows at most, a place each for every head:
  gpu::Buffer keyed;                   // token tiles of [place][key_dim]
  gpu::Buffer turned;                  // bf16 [row][heads][turned_dim]
  gpu::Buffer products;                // f32 [place][latent_dim or value_dim]
  gpu::Buffer summed;                  // token tiles of [place][latent_dim]
  gpu::Buffer tile_heads, tile_count;  // int
  gpu::Buffer partial, arrived;        // of splits
};

}  // namespace estoc
