// The EXAONE 4 family: norms after each part instead of before, an RMS norm over each query and key head, and in models
// with windows layers without one, in which positions are not told.
// Source: transformers models/exaone4 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Exaone4ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"post_attention_norm", "post_attention_layernorm"},
                                   {"post_ffw_norm", "post_feedforward_layernorm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "exaone4", .architecture = "Exaone4ForCausalLM", .model_type = "exaone4", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"layer_types", "sliding_window_pattern"};

// Every fourth layer sees all where the config does not say which do. The pattern in words that configs have beside
// layer_types, "LLLG", says the same.
std::vector<bool> layers_with_windows(const ConfigReader& config, size_t layers) {
  const std::vector<bool> slides =
      layers_of_type(config, static_cast<int>(layers), "sliding_attention", "full_attention");
  if (!slides.empty()) return slides;
  constexpr std::string_view kPattern = "sliding_window_pattern";
  const auto pattern = static_cast<size_t>(config.integer(kPattern, 1, 1024, 4));
  std::vector<bool> have;
  for (size_t layer = 0; layer < layers; ++layer) have.push_back((layer + 1) % pattern != 0);
  return have;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source, {.epsilon = 1e-5});
  const bool has_windows = config.find("sliding_window") != nullptr;
  const std::vector<bool> slides =
      has_windows ? layers_with_windows(config, decoder.layers.size()) : std::vector<bool>(decoder.layers.size());
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    const auto norm = [&](const std::string& name) { return NormSpec{name, decoder.norm.epsilon}; };
    attention.q_norm = norm(attention.name + ".q_norm");
    attention.k_norm = norm(attention.name + ".k_norm");
    if (!slides[layer]) attention.window = 0;
    if (has_windows && !slides[layer]) attention.rope = AttentionSpec::kNoRope;
    spec.input_norm.reset();
    spec.mixer_output_norm = spec.mlp_norm;
    spec.mlp_norm.reset();
    spec.mlp_output_norm = norm(layer_name(layer) + ".post_feedforward_layernorm");
  }
  return decoder;
}

}  // namespace

extern const ModelFamily exaone4;
constinit const ModelFamily exaone4 = {.name = "exaone4",
                                       .architectures = kArchitectures,
                                       .describe = describe,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
