#include "gpu_layers/gpu_latent_buffers.h"

#include <algorithm>

#include "gpu_layers/gpu_tile_rows.h"

namespace estoc {
namespace {

struct Bytes {
  size_t compressed, queries, keyed, turned, products, summed, tile_heads, partial, arrived;
};

Bytes bytes_each(const GpuLatentSizes& sizes) {
  const gpu::LatentShape& s = sizes.shape;
  const auto rows = static_cast<size_t>(sizes.rows), heads = static_cast<size_t>(s.heads);
  const auto latent = static_cast<size_t>(s.latent_dim),
             parts = static_cast<size_t>(gpu::latent_parts_max(sizes.multiprocessors));
  const int at_once = std::min(sizes.rows, gpu::kLatentRows);
  const size_t places = heads * static_cast<size_t>(gpu::latent_room(at_once));
  return {.compressed = padded_rows(sizes.rows) * static_cast<size_t>(s.query_rank) * 2,
          .queries = s.query_rank > 0 ? rows * heads * static_cast<size_t>(gpu::latent_query_dim(s)) * 4 : 0,
          .keyed = places * static_cast<size_t>(s.key_dim) * 2,
          .turned = static_cast<size_t>(at_once) * heads * static_cast<size_t>(s.turned_dim) * 2,
          .products = places * static_cast<size_t>(std::max(s.latent_dim, s.value_dim)) * 4,
          .summed = places * latent * 2,
          .tile_heads = places / gpu::kTokenTile * 4,
          .partial = parts * static_cast<size_t>(gpu::latent_partial_floats(s)) * 4,
          .arrived = parts * 4};
}

gpu::Buffer zeros(const gpu::Device& device, size_t bytes) {
  gpu::Buffer buffer(device, std::max<size_t>(bytes, 16));
  buffer.fill(0);
  return buffer;
}

}  // namespace

std::optional<GpuLatentSizes> latent_sizes_of(const GpuWeightPlan& plan, int rows_max, int multiprocessors) {
  for (const GpuMixer* mixer : plan.states()) {
    if (const GpuLatent* latent = mixer->latent()) return GpuLatentSizes{rows_max, multiprocessors, latent->shape};
  }
  return std::nullopt;
}

size_t GpuLatentBuffers::bytes_of(const GpuLatentSizes& sizes) {
  const Bytes b = bytes_each(sizes);
  return b.compressed + b.queries + b.keyed + b.turned + b.products + b.summed + b.tile_heads + b.partial + b.arrived;
}

GpuLatentBuffers::GpuLatentBuffers(const gpu::Device& device, const GpuLatentSizes& sizes)
    : compressed(zeros(device, bytes_each(sizes).compressed)),
      queries(zeros(device, bytes_each(sizes).queries)),
      keyed(zeros(device, bytes_each(sizes).keyed)),
      turned(zeros(device, bytes_each(sizes).turned)),
      products(zeros(device, bytes_each(sizes).products)),
      summed(zeros(device, bytes_each(sizes).summed)),
      tile_heads(zeros(device, bytes_each(sizes).tile_heads)),
      tile_count(zeros(device, 4)),
      partial(zeros(device, bytes_each(sizes).partial)),
      arrived(zeros(device, bytes_each(sizes).arrived)) {}

}  // namespace estoc
