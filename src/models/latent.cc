#include "models/latent.h"

#include <cmath>

#include "base/error.h"
#include "layers/rope.h"
#include "models/llama.h"
#include "ops/attention.h"

namespace estoc {
namespace {

// What scores are multiplied by beside the square root of a head's width, where yarn stretches frequencies.
float score_factor(const WeightSource& source) {
  constexpr double kWeightMax = 1e3, kFactorMax = 1e6;
  const bool is_gguf = source.container() == "gguf";
  const ConfigReader config(source);
  const ConfigReader rope =
      config.object(config.find("rope_parameters") == nullptr ? "rope_scaling" : "rope_parameters");
  if (rope.text("rope_type", rope.text("type", "default")) == "default") return 1;
  // GGUF keeps a tenth of the weight.
  const double weight =
      is_gguf ? rope.number("log_multiplier", 0, kWeightMax, 0) : 0.1 * rope.number("mscale_all_dim", 0, kWeightMax, 0);
  const double factor = rope.number("factor", 0, kFactorMax, 1);
  const double magnitude = weight == 0 || factor <= 1 ? 1 : weight * std::log(factor) + 1;
  return static_cast<float>(magnitude * magnitude);
}

LatentAttentionSpec read_latent(const WeightSource& source) {
  constexpr int kRankMax = 1 << 16, kWidthMax = 1 << 12;
  const ConfigReader config(source);
  LatentAttentionSpec latent;
  latent.heads = config.integer("num_attention_heads", 1, 4096);
  latent.q_rank = config.integer("q_lora_rank", 0, kRankMax, 0);
  latent.latent_dim = config.integer("kv_lora_rank", 1, kHeadDimMax);
  latent.key_dim = config.integer("qk_nope_head_dim", 1, kWidthMax);
  latent.rope_dim = config.integer("qk_rope_head_dim", 2, kHeadDimMax);
  latent.value_dim = config.integer("v_head_dim", 1, kWidthMax);
  if (latent.rope_dim % 2 != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is {}, expected an even number", config.file(),
         config.spelling("qk_rope_head_dim"), latent.rope_dim);
  }
  if (latent.kept() > kHeadDimMax) {
    fail(ErrorCode::unsupported, "{}: {} and {} are {} together: up to {} are computed", config.file(),
         config.spelling("kv_lora_rank"), config.spelling("qk_rope_head_dim"), latent.kept(), kHeadDimMax);
  }
  latent.scale = score_factor(source) / std::sqrt(static_cast<float>(latent.key_dim + latent.rope_dim));
  return latent;
}

}  // namespace

std::vector<bool> layers_with_experts(const ConfigReader& config, size_t layers, int dense_first) {
  const Json* types = config.find("mlp_layer_types");
  std::vector<bool> have(layers);
  if (types == nullptr) {
    const int dense = config.integer("first_k_dense_replace", 0, 1 << 20, dense_first);
    for (size_t layer = static_cast<size_t>(dense); layer < layers; ++layer) have[layer] = true;
    return have;
  }
  const bool is_list = types->is_array() && types->as_array().size() == layers;
  for (size_t layer = 0; is_list && layer < layers; ++layer) {
    have[layer] = types->as_array()[layer] == Json("sparse");
    if (!have[layer] && types->as_array()[layer] != Json("dense")) break;
    if (layer + 1 == layers) return have;
  }
  fail(ErrorCode::corrupt_file, "{}: {} is not a list of 'dense' and 'sparse' for {} layers", config.file(),
       config.spelling("mlp_layer_types"), layers);
}

DecoderSpec describe_latent(const WeightSource& source, const LatentOptions& options) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_sizes(config);
  LatentAttentionSpec latent = read_latent(source);
  const int width = mlp_width(config);
  const Activation activation = read_activation(config, "hidden_act", "silu");
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, options.epsilon));
  decoder.norm = {"model.norm", epsilon};
  RopeOptions rope{.head_dim = latent.rope_dim,
                   .partial_key = {},
                   .is_interleaved = config.boolean("rope_interleave", options.is_interleaved)};
  if (options.is_share_of_head) {
    rope.head_dim += latent.key_dim;
    rope.partial = static_cast<double>(latent.rope_dim) / rope.head_dim;
  }
  decoder.ropes = {read_rope(source, rope)};
  if (std::ssize(decoder.ropes.front().frequencies) * 2 != latent.rope_dim) {
    fail(ErrorCode::corrupt_file, "{}: {} is {}, which is not what partial_rotary_factor says", config.file(),
         config.spelling("qk_rope_head_dim"), latent.rope_dim);
  }
  // In GGUF files scores have all of yarn's magnitude.
  if (source.container() == "gguf" && config.object("rope_scaling").text("rope_type", "") == "yarn") {
    decoder.ropes.front().magnitude = 1;
  }
  for (size_t layer = 0; layer < static_cast<size_t>(layer_count(config)); ++layer) {
    const std::string name = layer_name(layer);
    latent.name = name + ".self_attn";
    decoder.layers.push_back({.input_norm = NormSpec{name + ".input_layernorm", epsilon},
                              .mixer = latent,
                              .mlp_norm = NormSpec{name + ".post_attention_layernorm", epsilon},
                              .mlp = gated_mlp(name + ".mlp", width, activation)});
  }
  return decoder;
}

}  // namespace estoc
