// The Gemma 4 family, its text: Gemma's sandwich of norms, now with plain weights, over layers of two kinds: windows
// with narrow heads, and all of the past with wide ones whose values may be their keys. The last layers may read keys
// and values that layers before them made; small models give every layer an input of the token's own.
// Source: transformers models/gemma4 (5.23); checked against tests/golden/.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/layer_numbers.h"
#include "models/llama.h"
#include "models/mixture.h"
#include "ops/attention.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Gemma4ForCausalLM"};
constexpr TextModel kTextModels[] = {{.model_type = "gemma4_text", .architecture = "Gemma4ForCausalLM"}};
constexpr GgufRename kRenames[] = {{"post_attention_norm", "post_attention_layernorm"},
                                   {"ffn_norm", "pre_feedforward_layernorm"},
                                   {"pre_ffw_norm_2", "pre_feedforward_layernorm_2"},
                                   {"post_ffw_norm", "post_feedforward_layernorm"},
                                   {"post_ffw_norm_1", "post_feedforward_layernorm_1"},
                                   {"post_ffw_norm_2", "post_feedforward_layernorm_2"},
                                   {"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"layer_output_scale.weight", "layer_scalar"},
                                   {"inp_gate", "per_layer_input_gate"},
                                   {"proj", "per_layer_projection"},
                                   {"post_norm", "post_per_layer_input_norm"},
                                   {"ffn_gate_inp", "router.proj"},
                                   {"ffn_gate_inp.scale", "router.scale"},
                                   {"ffn_down_exps.scale", "router.per_expert_scale"},
                                   {"ffn_gate_exps", "experts.gate_proj"},
                                   {"ffn_up_exps", "experts.up_proj"},
                                   {"ffn_gate_up_exps", "experts.gate_up_proj"},
                                   {"ffn_down_exps", "experts.down_proj"}};
constexpr GgufRename kModelRenames[] = {{"per_layer_token_embd", "model.embed_tokens_per_layer"},
                                        {"per_layer_model_proj", "model.per_layer_model_projection"},
                                        {"per_layer_proj_norm", "model.per_layer_projection_norm"}};
constexpr GgufArchitecture kGguf[] = {{.name = "gemma4",
                                       .architecture = "Gemma4ForCausalLM",
                                       .model_type = "gemma4_text",
                                       .renames = kRenames,
                                       .model_renames = kModelRenames}};
constexpr ConfigAlias kAliases[] = {{"top_k_experts", "num_experts_per_tok"}};
constexpr std::string_view kComputes[] = {
    "attention_k_eq_v",     "enable_moe_block",     "num_experts",           "final_logit_softcapping",
    "full_attention",       "global_head_dim",      "layer_types",           "hidden_size_per_layer_input",
    "num_kv_shared_layers", "per_layer_config",     "partial_rotary_factor", "num_global_key_value_heads",
    "rope_parameters",      "sliding_attention",    "use_double_wide_mlp",   "vocab_size_per_layer_input",
    "v_head_dim",           "rope_local_base_freq", "window_head_dim",       "window_v_head_dim",
    "window_rotary_dim"};

constexpr int kSizeMax = 1 << 20;

bool is_gguf(const WeightSource& source) { return source.container() == "gguf"; }

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

// Key and value heads of the layers that are full or not, where a file tells them layer by layer.
int kv_heads_of(const ConfigReader& given, const std::vector<bool>& are_full, bool is_full, int heads) {
  constexpr std::string_view kKey = "num_key_value_heads";
  const std::vector<int> all = layer_numbers(given, kKey, static_cast<int>(are_full.size()));
  int found = 0;
  for (size_t layer = 0; layer < all.size(); ++layer) {
    if (are_full[layer] != is_full) continue;
    if (found == 0) found = all[layer];
    if (all[layer] == found && found > 0 && heads % found == 0) continue;
    fail(ErrorCode::corrupt_file,
         "{}: {} has {} for layer {}, expected what layers of its kind share and {} divides by", given.file(),
         given.spelling(kKey), all[layer], layer, heads);
  }
  return std::max(found, 1);
}

// A GGUF file's head is that of layers that see all; windows have their own.
void describe_gguf_kinds(const ConfigReader& given, const ConfigReader& config, const std::vector<bool>& are_full,
                         Kinds& kinds) {
  kinds.window.head_dim = config.integer("window_head_dim", 2, kHeadDimMax);
  const std::pair<std::string_view, int> values[] = {{"v_head_dim", kinds.full.head_dim},
                                                     {"window_v_head_dim", kinds.window.head_dim}};
  for (const auto& [key, head_dim] : values) {
    if (config.integer(key, 1, kSizeMax, head_dim) == head_dim) continue;
    fail(ErrorCode::unsupported, "{}: {} is not {}, as wide as keys", config.file(), config.spelling(key), head_dim);
  }
  kinds.full.kv_heads = kv_heads_of(given, are_full, true, kinds.full.heads);
  kinds.window.kv_heads = kv_heads_of(given, are_full, false, kinds.window.heads);
}

// Older configs say it of the kind, newer ones of each layer; all layers of a kind are alike.
Kinds describe_kinds(const WeightSource& source, const ConfigReader& given, const ConfigReader& config,
                     const DecoderSpec& decoder, const std::vector<bool>& are_full) {
  Kinds kinds;
  kinds.window = describe_attention(config, decoder.hidden);
  kinds.window.window = config.integer("sliding_window", 1, 1 << 30, 512);
  kinds.window.rope = 1;
  kinds.window.scale = 1;
  kinds.window.v_norm_epsilon = decoder.norm.epsilon;
  kinds.full = kinds.window;
  kinds.full.window = kinds.full.rope = 0;
  if (is_gguf(source)) {
    describe_gguf_kinds(given, config, are_full, kinds);
    return kinds;
  }
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
  side.moe.rule.chosen = config.integer("num_experts_per_tok", 1, side.moe.rule.experts);
  side.moe.rule.is_normalized = true;
  side.moe.width = config.integer("moe_intermediate_size", 1, kSizeMax);
  side.moe.activation.function = activation;
  return side;
}

// A set for each kind of layer. GGUF has the first one's slowest frequencies left out by a tensor of factors.
std::vector<RopeSpec> read_ropes(const WeightSource& source, const ConfigReader& config, const Kinds& kinds) {
  const RopeOptions full = {.head_dim = kinds.full.head_dim, .layer_type = "full_attention", .theta = 1e6};
  RopeOptions window = {.head_dim = kinds.window.head_dim, .layer_type = "sliding_attention"};
  if (is_gguf(source)) {
    const int turned = config.integer("window_rotary_dim", 2, window.head_dim, window.head_dim);
    window.partial = static_cast<double>(turned) / window.head_dim;
    window.partial_key = "";
    window.theta_key = "rope_local_base_freq";
    window.has_scaling = false;
  }
  return {read_rope(source, full), read_rope(source, window)};
}

// How wide each layer's MLP is: a GGUF file says it layer by layer where they differ.
std::vector<int> mlp_widths(const WeightSource& source, const ConfigReader& given, int layers, int own_layers) {
  constexpr std::string_view kKey = "intermediate_size";
  std::vector<int> widths = layer_numbers(given, kKey, layers);
  const bool is_wider = !is_gguf(source) && given.boolean("use_double_wide_mlp", false);
  for (size_t layer = 0; layer < widths.size(); ++layer) {
    if (is_wider && static_cast<int>(layer) >= own_layers) widths[layer] *= 2;
    if (widths[layer] >= 1 && widths[layer] <= 2 * kSizeMax) continue;
    fail(ErrorCode::corrupt_file, "{}: {} has {} for layer {}, expected 1 to {}", given.file(), given.spelling(kKey),
         widths[layer], layer, kSizeMax);
  }
  return widths;
}

// Rows of the table of inputs of layers.
int input_vocab(const WeightSource& source, const ConfigReader& config, const std::string& table) {
  constexpr int kMost = 16 << 20;
  const WeightTensor* tensor = is_gguf(source) ? source.find(table + ".weight") : nullptr;
  if (tensor != nullptr) return static_cast<int>(std::clamp<int64_t>(tensor->rows(), 1, kMost));
  return config.integer("vocab_size_per_layer_input", 1, kMost, 262144);
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader given = ConfigReader(source).with(kAliases);
  const Json plain = with_largest(given, {"num_key_value_heads", "intermediate_size"});
  const ConfigReader config = given.of(plain);
  const int layers = layer_count(config);
  DecoderSpec decoder = describe_sizes(config);
  decoder.norm = {"model.norm", static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6))};
  decoder.embedding_scale = std::sqrt(static_cast<float>(decoder.hidden));
  decoder.logit_softcap = static_cast<float>(config.number("final_logit_softcapping", 0, 1e6, 0));
  const Activation activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  const std::vector<bool> are_full = full_layers(config, layers);
  const Kinds kinds = describe_kinds(source, given, config, decoder, are_full);
  decoder.ropes = read_ropes(source, config, kinds);
  const int own_layers = layers - config.integer("num_kv_shared_layers", 0, layers - 1, 0);
  const std::vector<int> widths = mlp_widths(source, given, layers, own_layers);
  const bool has_key_values = config.boolean("attention_k_eq_v", false);
  const bool has_experts = config.boolean("enable_moe_block", is_gguf(source) && expert_count(config) > 0);
  const int input_width = config.integer("hidden_size_per_layer_input", 0, kSizeMax, is_gguf(source) ? 0 : 256);
  if (input_width > 0) {
    decoder.per_layer_input = {.table = "model.embed_tokens_per_layer",
                               .projection = "model.per_layer_model_projection",
                               .norm = norm_of(decoder, "model.per_layer_projection_norm"),
                               .vocab = input_vocab(source, config, "model.embed_tokens_per_layer"),
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
    const bool has_values = !is_gguf(source) || source.find(attention.v.name + ".weight") != nullptr;
    if (is_full && (has_key_values || !has_values)) attention.v = {};
    LayerSpec spec{.input_norm = norm_of(decoder, name + ".input_layernorm"),
                   .mixer = attention,
                   .mixer_output_norm = norm_of(decoder, name + ".post_attention_layernorm"),
                   .mlp_norm = norm_of(decoder, name + ".pre_feedforward_layernorm"),
                   .mlp = gated_mlp(name + ".mlp", widths[static_cast<size_t>(layer)], activation),
                   .mlp_output_norm = norm_of(decoder, name + ".post_feedforward_layernorm"),
                   .output_scale = name + ".layer_scalar"};
    if (has_experts) spec.side_mixture = describe_mixture(config, decoder, name, activation);
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
                                      .naming = {.gguf = kGguf, .text_models = kTextModels},
                                      .computes = kComputes};

}  // namespace estoc
