// The Gemma 4 family, its text: Gemma's sandwich of norms, now with plain weights, over layers of two kinds: windows
// with narrow heads, and all of the past with wide ones whose values may be their keys. The last layers may read keys
// and values that layers before them made; small models give every layer an input of the token's own.
// Source: transformers models/gemma4 (5.23); checked against tests/golden/.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "ops/attention.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Gemma4ForCausalLM"};
constexpr TextModel kTextModels[] = {{.model_type = "gemma4_text", .architecture = "Gemma4ForCausalLM"}};
constexpr std::string_view kComputes[] = {
    "attention_k_eq_v",     "enable_moe_block",  "num_experts",           "final_logit_softcapping",
    "full_attention",       "global_head_dim",   "layer_types",           "hidden_size_per_layer_input",
    "num_kv_shared_layers", "per_layer_config",  "partial_rotary_factor", "num_global_key_value_heads",
    "rope_parameters",      "sliding_attention", "use_double_wide_mlp",   "vocab_size_per_layer_input"};

constexpr int kSizeMax = 1 << 20;

// Layers [first, end) that see all of the past: every sixth where nothing is said, and the last in any case.
std::vector<bool> full_layers(const ConfigReader& config, int layers) {
  std::vector<bool> are_full = layers_of_type(config, layers, "full_attention", "sliding_attention");
  if (are_full.empty()) {
    for (int layer = 0; layer < layers; ++layer) are_full.push_back((layer + 1) % 6 == 0);
  }
  are_full.back() = true;
  return are_full;
}

NormSpec norm_of(const DecoderSpec& decoder, const std::string& name) { return {name, decoder.norm.epsilon}; }

// What the two kinds of layer have of their own.
struct Kinds {
  AttentionSpec full, window;
};

// Older configs say it of the kind, newer ones of each layer; all layers of a kind are alike.
Kinds describe_kinds(const ConfigReader& config, const DecoderSpec& decoder, const std::vector<bool>& are_full) {
  Kinds kinds;
  kinds.window = describe_attention(config, decoder.hidden);
  kinds.window.window = config.integer("sliding_window", 1, 1 << 30, 512);
  kinds.window.rope = 1;
  kinds.window.scale = 1;
  kinds.window.v_norm_epsilon = decoder.norm.epsilon;
  kinds.full = kinds.window;
  kinds.full.window = kinds.full.rope = 0;
  kinds.full.head_dim = config.integer("global_head_dim", 2, kHeadDimMax, 512);
  const auto first_full = std::ranges::find(are_full, true) - are_full.begin();
  if (config.find("per_layer_config") != nullptr) {
    const ConfigReader own = config.object("per_layer_config").object(std::to_string(first_full));
    kinds.full.head_dim = own.integer("head_dim", 2, kHeadDimMax, kinds.window.head_dim);
    kinds.full.kv_heads = own.integer("num_key_value_heads", 1, kinds.full.heads, kinds.window.kv_heads);
  } else if (config.boolean("attention_k_eq_v", false)) {
    kinds.full.kv_heads = config.integer("num_global_key_value_heads", 1, kinds.full.heads, kinds.full.kv_heads);
  }
  return kinds;
}

SideMixtureSpec describe_mixture(const ConfigReader& config, const DecoderSpec& decoder, const std::string& name,
                                 Activation activation) {
  SideMixtureSpec side{.moe = {.name = name,
                               .router = name + ".router.proj",
                               .router_norm = name + ".router.scale",
                               .router_scale = 1 / std::sqrt(static_cast<float>(decoder.hidden)),
                               .router_epsilon = decoder.norm.epsilon,
                               .expert_scale = name + ".router.per_expert_scale",
                               .experts = name + ".experts"},
                       .input_norm = norm_of(decoder, name + ".pre_feedforward_layernorm_2"),
                       .output_norm = norm_of(decoder, name + ".post_feedforward_layernorm_2"),
                       .mlp_norm = norm_of(decoder, name + ".post_feedforward_layernorm_1")};
  side.moe.rule.experts = config.integer("num_experts", 1, kExpertsMax);
  side.moe.rule.chosen = config.integer("top_k_experts", 1, side.moe.rule.experts);
  side.moe.rule.is_normalized = true;
  side.moe.width = config.integer("moe_intermediate_size", 1, kSizeMax);
  side.moe.activation.function = activation;
  return side;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  const int layers = layer_count(config), width = mlp_width(config);
  DecoderSpec decoder = describe_sizes(config);
  decoder.norm = {"model.norm", static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6))};
  decoder.embedding_scale = std::sqrt(static_cast<float>(decoder.hidden));
  decoder.logit_softcap = static_cast<float>(config.number("final_logit_softcapping", 0, 1e6, 0));
  const Activation activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  const std::vector<bool> are_full = full_layers(config, layers);
  const Kinds kinds = describe_kinds(config, decoder, are_full);
  decoder.ropes = {read_rope(source, {.head_dim = kinds.full.head_dim, .layer_type = "full_attention", .theta = 1e6}),
                   read_rope(source, {.head_dim = kinds.window.head_dim, .layer_type = "sliding_attention"})};
  const int own_layers = layers - config.integer("num_kv_shared_layers", 0, layers - 1, 0);
  const bool is_wider = config.boolean("use_double_wide_mlp", false);
  const bool has_key_values = config.boolean("attention_k_eq_v", false);
  const int input_width = config.integer("hidden_size_per_layer_input", 0, kSizeMax, 256);
  if (input_width > 0) {
    decoder.per_layer_input = {.table = "model.embed_tokens_per_layer",
                               .projection = "model.per_layer_model_projection",
                               .norm = norm_of(decoder, "model.per_layer_projection_norm"),
                               .vocab = config.integer("vocab_size_per_layer_input", 1, 16 << 20, 262144),
                               .width = input_width};
  }
  int last_of_kind[2] = {AttentionSpec::kOwnKv, AttentionSpec::kOwnKv};  // with keys and values of its own
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    const bool is_full = are_full[static_cast<size_t>(layer)], is_shared = layer >= own_layers;
    AttentionSpec attention = is_full ? kinds.full : kinds.window;
    name_attention(attention, name + ".self_attn");
    attention.q_norm = norm_of(decoder, attention.name + ".q_norm");
    if (is_shared) {
      attention.kv_layer = last_of_kind[is_full];
      if (attention.kv_layer == AttentionSpec::kOwnKv) {
        fail(ErrorCode::corrupt_file, "{}: {} leaves no layer of the kind of layer {} with keys and values of its own",
             config.file(), config.spelling("num_kv_shared_layers"), layer);
      }
    } else {
      attention.k_norm = norm_of(decoder, attention.name + ".k_norm");
      last_of_kind[is_full] = layer;
    }
    if (is_full && has_key_values) attention.v = {};
    LayerSpec spec{.input_norm = norm_of(decoder, name + ".input_layernorm"),
                   .mixer = attention,
                   .mixer_output_norm = norm_of(decoder, name + ".post_attention_layernorm"),
                   .mlp_norm = norm_of(decoder, name + ".pre_feedforward_layernorm"),
                   .mlp = gated_mlp(name + ".mlp", is_wider && is_shared ? 2 * width : width, activation),
                   .mlp_output_norm = norm_of(decoder, name + ".post_feedforward_layernorm"),
                   .output_scale = name + ".layer_scalar"};
    if (config.boolean("enable_moe_block", false))
      spec.side_mixture = describe_mixture(config, decoder, name, activation);
    if (input_width > 0) {
      spec.input = {.gate = {name + ".per_layer_input_gate"},
                    .projection = {name + ".per_layer_projection"},
                    .norm = norm_of(decoder, name + ".post_per_layer_input_norm"),
                    .activation = activation};
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily gemma4;
constinit const ModelFamily gemma4 = {.name = "gemma4",
                                      .architectures = kArchitectures,
                                      .describe = describe,
                                      .naming = {.text_models = kTextModels},
                                      .computes = kComputes};

}  // namespace estoc
