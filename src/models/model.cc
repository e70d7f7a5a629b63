#include "models/model.h"

#include <algorithm>

#include "base/error.h"
#include "gpu_layers/gpu_weight_plan.h"
#include "models/config_keys.h"
#include "models/decoder.h"
#include "models/family.h"
#include "models/unused_tensors.h"
#include "ops/weight.h"

namespace estoc {
namespace {

void add_totals(const WeightSource& source, const NamingRules& naming, ComputeMode compute, WeightType type,
                ModelInfo& info) {
  const WeightTensor* embedding = source.find(naming.embedding_weight());
  const bool has_head = source.find(naming.head_weight()) != nullptr;
  for (const WeightTensor& tensor : source.tensors()) {
    if (is_leftover(tensor.name)) continue;
    info.parameter_count += tensor.element_count();
    // The embedding stays as it is stored; a tied head is packed beside it. Experts are stacked matrices.
    if (tensor.shape.size() >= 2 && &tensor != embedding) {
      const bool is_head = tensor.name == naming.head_weight();
      const QuantFormat& format = Weight::format_as(*tensor.format, is_head ? head_type(type) : type, tensor.columns());
      info.weight_bytes += Weight::resident_bytes_of(format, compute, tensor.rows(), tensor.columns());
    } else {
      info.weight_bytes += tensor.bytes.size();
    }
  }
  if (has_head || embedding == nullptr) return;
  const QuantFormat& format = Weight::format_as(*embedding->format, head_type(type), embedding->columns());
  if (Weight::form_of(format, compute) != Weight::Form::packed) return;
  info.weight_bytes += Weight::resident_bytes_of(format, compute, embedding->rows(), embedding->columns());
}

// Of the widest; of a mixture what a row goes through.
int mlp_width_of(const DecoderSpec& decoder) {
  int width = 0;
  for (const LayerSpec& layer : decoder.layers) {
    if (const auto* gated = std::get_if<GatedMlpSpec>(&layer.mlp)) width = std::max(width, gated->width);
    if (const auto* plain = std::get_if<PlainMlpSpec>(&layer.mlp)) width = std::max(width, plain->width);
    if (const auto* moe = std::get_if<MoeSpec>(&layer.mlp)) {
      width = std::max(width, moe->rule.chosen * moe->width + (moe->shared ? moe->shared->width : 0));
    }
  }
  return width;
}

// Takes the frequencies for sequences of up to `context` positions.
void choose_frequencies(DecoderSpec& decoder, int context) {
  for (RopeSpec& rope : decoder.ropes) {
    if (rope.long_frequencies.empty() || context <= rope.long_from) continue;
    rope.frequencies = rope.long_frequencies;
  }
}

ModelInfo info_of(const WeightSource& weights, const ModelFamily& family, const DecoderSpec& decoder) {
  ModelInfo info;
  info.family = family.name;
  info.architecture = weights.config().find("architectures")->as_array()[0].as_string();
  info.layers = static_cast<int>(decoder.layers.size());
  info.hidden = decoder.hidden;
  info.vocab = decoder.vocab;
  info.context_max = decoder.context_max;
  info.ffn = mlp_width_of(decoder);
  for (const LayerSpec& layer : decoder.layers) {
    if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) {
      info.heads = latent->heads;
      info.kv_heads = 1;
      info.head_dim = static_cast<int>(latent->kept());
      break;
    }
    const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
    if (attention == nullptr) continue;
    info.heads = attention->heads;
    info.kv_heads = attention->kv_heads;
    info.head_dim = attention->head_dim;
    break;
  }
  info.state = state_layout(decoder);
  refuse_uncomputed(weights, family.name, family.computes, info);
  return info;
}

}  // namespace

ModelInfo describe_model(const WeightSource& weights, ComputeMode compute, WeightType type) {
  const ModelFamily& family = family_of(weights);
  ModelInfo info = info_of(weights, family, family.describe(weights));
  add_totals(weights, family.naming, compute, type, info);
  return info;
}

uint64_t device_weight_bytes(const WeightSource& weights, int first, int end) {
  const ModelFamily& family = family_of(weights);
  const GpuWeightPlan plan(weights, family.naming, family.describe(weights), first, end);
  return plan.matrix_bytes + plan.vector_floats * sizeof(float);
}

bool has_wide_activations(const ModelInfo& info, Activations activations) {
  // Below this width a layer's rounding noise shows in the answers (docs/SPEED.md has the numbers).
  constexpr int kHiddenSmall = 1024;
  return activations == Activations::int16 || (activations == Activations::automatic && info.hidden < kHiddenSmall);
}

std::unique_ptr<Model> load_model(const WeightSource& weights, ThreadTeam& team, const ModelOptions& options) {
  const ModelFamily& family = family_of(weights);
  DecoderSpec decoder = family.describe(weights);
  choose_frequencies(decoder,
                     options.context == 0 ? decoder.context_max : std::min(options.context, decoder.context_max));
  ModelInfo info = info_of(weights, family, decoder);
  add_totals(weights, family.naming, options.compute, options.weights, info);
  warn_of_unknown_keys(weights);
  Compute compute = default_compute(team);
  compute.has_wide_activations = has_wide_activations(info, options.activations);
  compute.is_deterministic = options.is_deterministic;
  compute.profile = options.profile;
  LoadContext load{.source = weights,
                   .naming = family.naming,
                   .mode = options.compute,
                   .compute = compute,
                   .weights = options.weights,
                   .packed_store = options.packed_store,
                   .progress = options.progress};
  auto model = std::make_unique<Decoder>(load, info, decoder, options.places);
  refuse_unused_tensors(load, family.name, info.layers);
  if (options.compute == ComputeMode::fast) weights.release_pages();
  return model;
}

}  // namespace estoc
