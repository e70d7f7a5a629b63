// The OLMo 2 and 3 families: norms after each part instead of before, over all queries and all keys of a layer; the
// third has windows in three layers of four, and scales frequencies only in the others.
// Source: transformers models/olmo2 and models/olmo3 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Olmo2ForCausalLM", "Olmo3ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"post_attention_norm", "post_attention_layernorm"},
                                   {"post_ffw_norm", "post_feedforward_layernorm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "olmo2", .architecture = "Olmo2ForCausalLM", .model_type = "olmo2", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"full_attention", "layer_types", "sliding_attention"};

void add_windows(const WeightSource& source, DecoderSpec& decoder) {
  constexpr int kPattern = 4, kWindowMax = 1 << 30;
  const ConfigReader config(source);
  const std::vector<bool> are_full =
      layers_of_type(config, static_cast<int>(decoder.layers.size()), "full_attention", "sliding_attention");
  const int window = config.integer("sliding_window", 1, kWindowMax, 4096);
  const int head_dim = std::get<AttentionSpec>(decoder.layers.front().mixer).head_dim;
  // Older configs scale one set of frequencies; layers with windows have it unscaled.
  const RopeOptions full = {.head_dim = head_dim, .layer_type = "full_attention", .theta = 5e5};
  RopeOptions sliding = full;
  sliding.layer_type = "sliding_attention";
  sliding.has_scaling = config.find("rope_parameters") != nullptr;
  decoder.ropes = {read_rope(source, full), read_rope(source, sliding)};
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    auto& attention = std::get<AttentionSpec>(decoder.layers[layer].mixer);
    const bool is_full = are_full.empty() ? (layer + 1) % kPattern == 0 : are_full[layer];
    attention.window = is_full ? 0 : window;
    attention.rope = is_full ? 0 : 1;
  }
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source, {.epsilon = 1e-5});
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    const auto norm = [&](const std::string& name) { return NormSpec{name, decoder.norm.epsilon}; };
    attention.window = 0;
    attention.norm_span = HeadNormSpan::projection;
    attention.q_norm = norm(attention.name + ".q_norm");
    attention.k_norm = norm(attention.name + ".k_norm");
    spec.input_norm.reset();
    spec.mixer_output_norm = spec.mlp_norm;
    spec.mlp_norm.reset();
    spec.mlp_output_norm = norm(layer_name(layer) + ".post_feedforward_layernorm");
  }
  // GGUF calls both the second; only the third has windows.
  if (config.text("model_type", "") == "olmo3" || config.find("sliding_window") != nullptr) {
    add_windows(source, decoder);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily olmo2;
constinit const ModelFamily olmo2 = {.name = "olmo2",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .naming = {.gguf = kGguf},
                                     .computes = kComputes};

}  // namespace estoc
