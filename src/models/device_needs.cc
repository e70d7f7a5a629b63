#include "models/device_needs.h"

#include <algorithm>

#include "gpu/source/route.h"
#include "gpu_layers/gpu_expert_buffers.h"
#include "gpu_layers/gpu_latent_buffers.h"
#include "gpu_layers/gpu_state_buffers.h"
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

// Floats that a mixer with a fixed state is given by its projections for each row, and columns of its last product.
struct Ends {
  int64_t inputs = 0, outputs = 0;
};
Ends ends_of(const MixerSpec& mixer, int hidden) {
  if (const auto* net = std::get_if<GatedDeltaSpec>(&mixer)) {
    const int64_t keys = int64_t{net->key_heads} * net->key_dim, values = int64_t{net->value_heads} * net->value_dim;
    return {2 * keys + 2 * values + 2 * net->value_heads, values};
  }
  if (std::holds_alternative<ShortConvSpec>(mixer)) return {3 * int64_t{hidden}, hidden};
  if (const auto* mamba = std::get_if<Mamba2Spec>(&mixer)) {
    const int64_t columns = int64_t{mamba->heads} * mamba->head_dim;
    return {columns + mamba->conv_columns() + mamba->heads, columns};
  }
  if (const auto* mamba = std::get_if<MambaSpec>(&mixer)) return {2 * int64_t{mamba->columns}, mamba->columns};
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&mixer)) {
    const int64_t queries = latent->q_rank > 0 ? latent->q_rank : latent->heads * (latent->key_dim + latent->rope_dim);
    return {queries + latent->kept(), int64_t{latent->heads} * latent->value_dim};
  }
  return {};
}

uint64_t latent_bytes(const LatentAttentionSpec& spec, int rows) {
  constexpr int kMultiprocessorsMax = 256;
  return GpuLatentBuffers::bytes_of({.rows = rows,
                                     .multiprocessors = kMultiprocessorsMax,
                                     .shape = {.heads = spec.heads,
                                               .query_rank = spec.q_rank,
                                               .latent_dim = spec.latent_dim,
                                               .turned_dim = spec.rope_dim,
                                               .key_dim = spec.key_dim,
                                               .value_dim = spec.value_dim}});
}

}  // namespace

uint64_t device_part_bytes(const WeightSource& weights, int rows) {
  const DecoderSpec decoder = family_of(weights).describe(weights);
  uint64_t mixture = 0, latent = 0, inputs = 0, outputs = 0, plain = 0;
  GpuStateSizes states{.rows = rows};
  for (const LayerSpec& layer : decoder.layers) {
    if (const auto* moe = std::get_if<MoeSpec>(&layer.mlp)) {
      mixture = std::max<uint64_t>(mixture, GpuExpertBuffers::bytes_of(sizes_of(*moe, decoder.hidden, rows)));
    }
    if (const auto* mlp = std::get_if<PlainMlpSpec>(&layer.mlp)) {
      plain = std::max(plain, static_cast<uint64_t>(mlp->width));
    }
    for (const MixerSpec* mixer : {&layer.mixer, layer.second_mixer ? &*layer.second_mixer : nullptr}) {
      if (mixer == nullptr) continue;
      const Ends ends = ends_of(*mixer, decoder.hidden);
      inputs = std::max(inputs, static_cast<uint64_t>(ends.inputs));
      outputs = std::max(outputs, static_cast<uint64_t>(ends.outputs));
      states.include(state_sizes_of(*mixer));
      if (const auto* own = std::get_if<LatentAttentionSpec>(mixer))
        latent = std::max(latent, latent_bytes(*own, rows));
    }
  }
  return mixture + latent + static_cast<uint64_t>(rows) * (inputs * 4 + outputs * 2 + plain * 6) +
         GpuStateBuffers::bytes_of(states);
}

int device_head_dim(int head_dim) { return std::max(head_room_of(head_dim), head_dim); }

}  // namespace estoc
