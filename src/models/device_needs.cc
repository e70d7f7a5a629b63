#include "models/device_needs.h"

#include <algorithm>

#include "gpu/source/route.h"
#include "gpu_layers/gpu_expert_buffers.h"
#include "gpu_layers/head_order.h"
#include "models/family.h"

namespace estoc {
namespace {

GpuExpertSizes sizes_of(const MoeSpec& moe, int hidden, int rows) {
  const RouterRule& rule = moe.rule;
  return {.rows = rows,
          .hidden = hidden,
          .outputs = rule.experts + 1,
          .chosen = rule.chosen,
          .width = moe.width,
          .slots = gpu::route_slots_max(gpu::kRouteFewRows, rule.chosen, rule.experts),
          .places = gpu::route_places_max(rows, rule.chosen, rule.experts),
          .has_shared = moe.shared.has_value()};
}

// Its inputs, what its convolution leaves and what goes into its output.
uint64_t delta_bytes(const GatedDeltaSpec& net, int rows) {
  const int64_t keys = int64_t{net.key_heads} * net.key_dim, values = int64_t{net.value_heads} * net.value_dim;
  return static_cast<uint64_t>(rows * (2 * (2 * keys + values) + 2 * values + 2 * net.value_heads) * 4);
}

}  // namespace

uint64_t device_part_bytes(const WeightSource& weights, int rows) {
  const DecoderSpec decoder = family_of(weights).describe(weights);
  uint64_t mixture = 0, delta = 0;
  for (const LayerSpec& layer : decoder.layers) {
    if (const auto* moe = std::get_if<MoeSpec>(&layer.mlp)) {
      mixture = std::max<uint64_t>(mixture, GpuExpertBuffers::bytes_of(sizes_of(*moe, decoder.hidden, rows)));
    }
    if (const auto* net = std::get_if<GatedDeltaSpec>(&layer.mixer)) delta = std::max(delta, delta_bytes(*net, rows));
  }
  return mixture + delta;
}

int device_head_dim(int head_dim) { return std::max(head_room_of(head_dim), head_dim); }

}  // namespace estoc
