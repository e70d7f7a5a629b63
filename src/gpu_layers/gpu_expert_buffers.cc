#include "gpu_layers/gpu_expert_buffers.h"

#include <algorithm>
#include <array>

#include "gpu/source/route.h"

namespace estoc {
namespace {

struct Bytes {
  size_t logits, chosen, weights, shared_weight, inputs, slots, activated, shared, places, place_rows, tile_experts,
      gathered, parts;
};

Bytes bytes_each(const GpuExpertSizes& s) {
  const auto rows = static_cast<size_t>(s.rows), few = static_cast<size_t>(gpu::kRouteFewRows);
  const auto hidden = static_cast<size_t>(s.hidden), width = static_cast<size_t>(s.width);
  const auto chosen = static_cast<size_t>(s.chosen), places = static_cast<size_t>(s.places);
  return {.logits = rows * static_cast<size_t>(s.outputs) * 4,
          .chosen = rows * chosen * 4,
          .weights = rows * chosen * 4,
          .shared_weight = rows * 4,
          .inputs = few * hidden * 2,
          .slots = static_cast<size_t>(s.slots) * sizeof(gpu::ExpertSlot),
          .activated = std::max(few * chosen, places) * width * 2,
          .shared = s.has_shared ? rows * hidden * 4 : 0,
          .places = places == 0 ? 0 : rows * chosen * 4,
          .place_rows = places * 4,
          .tile_experts = places / 64 * 4,
          .gathered = places * hidden * 2,
          .parts = places * hidden * 4};
}

gpu::Buffer zeros(const gpu::Device& device, size_t bytes) {
  gpu::Buffer buffer(device, std::max<size_t>(bytes, 16));
  buffer.fill(0);
  return buffer;
}

}  // namespace

std::optional<GpuExpertSizes> expert_sizes_of(const GpuWeightPlan& plan, int rows_max, bool has_prompts) {
  GpuExpertSizes sizes{.rows = rows_max, .hidden = plan.hidden};
  for (const GpuLayer& layer : plan.layers) {
    const GpuMixture* const mixture = layer.mixture();
    if (mixture == nullptr) continue;
    const gpu::RouteRule& rule = mixture->rule;
    sizes.outputs = std::max(sizes.outputs, mixture->outputs);
    sizes.chosen = std::max(sizes.chosen, rule.chosen);
    sizes.width = std::max(sizes.width, mixture->width());
    sizes.slots = std::max(sizes.slots, gpu::route_slots_max(gpu::kRouteFewRows, rule.chosen, rule.experts));
    if (has_prompts) sizes.places = std::max(sizes.places, gpu::route_places_max(rows_max, rule.chosen, rule.experts));
    sizes.has_shared |= mixture->shared.has_value();
  }
  if (sizes.outputs == 0) return std::nullopt;
  return sizes;
}

size_t GpuExpertBuffers::bytes_of(const GpuExpertSizes& sizes) {
  const Bytes b = bytes_each(sizes);
  return b.logits + b.chosen + b.weights + b.shared_weight + b.inputs + b.slots + b.activated + b.shared + b.places +
         b.place_rows + b.tile_experts + b.gathered + b.parts;
}

GpuExpertBuffers::GpuExpertBuffers(const gpu::Device& device, const GpuExpertSizes& sizes)
    : logits(zeros(device, bytes_each(sizes).logits)),
      chosen(zeros(device, bytes_each(sizes).chosen)),
      weights(zeros(device, bytes_each(sizes).weights)),
      shared_weight(zeros(device, bytes_each(sizes).shared_weight)),
      inputs(zeros(device, bytes_each(sizes).inputs)),
      slots(zeros(device, bytes_each(sizes).slots)),
      counts(zeros(device, 8)),
      activated(zeros(device, bytes_each(sizes).activated)),
      shared(zeros(device, bytes_each(sizes).shared)),
      places(zeros(device, bytes_each(sizes).places)),
      place_rows(zeros(device, bytes_each(sizes).place_rows)),
      tile_experts(zeros(device, bytes_each(sizes).tile_experts)),
      gathered(zeros(device, bytes_each(sizes).gathered)),
      parts(zeros(device, bytes_each(sizes).parts)) {}

}  // namespace estoc
