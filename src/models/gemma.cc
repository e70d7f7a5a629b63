// The first Gemma family: Llama's decoder with what gemma.h says.
// Source: transformers models/gemma (5.23); checked against tests/golden/.
#include "models/gemma.h"

#include <cmath>

#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GemmaForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "gemma", .architecture = "GemmaForCausalLM", .model_type = "gemma"}};

// A GGUF file's norms have the one in them.
NormSpec gemma_norm(const WeightSource& source, const std::string& name, float epsilon) {
  return {.name = name, .epsilon = epsilon, .weight_offset = source.container() == "gguf" ? 0.0f : 1.0f};
}

// GGUF has no key for what scores are divided by the root of: it is the width of a head, and in the 27B models, which
// have 46 or 62 layers, the hidden size by heads.
double unsaid_scalar(const WeightSource& source, const DecoderSpec& decoder) {
  const auto& attention = std::get<AttentionSpec>(decoder.layers.front().mixer);
  if (source.container() != "gguf") return 256;
  const bool is_27b = decoder.layers.size() == 46 || decoder.layers.size() == 62;
  return is_27b ? decoder.hidden / attention.heads : attention.head_dim;
}

}  // namespace

DecoderSpec describe_gemma(const WeightSource& source) {
  const ConfigReader config(source);
  const int layers = layer_count(config), width = mlp_width(config);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  attention.window = 0;
  // Older configs say "gelu" under hidden_act, whose exact form no Gemma was trained with.
  const Activation activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6));
  decoder.embedding_scale = std::sqrt(static_cast<float>(decoder.hidden));
  decoder.norm = gemma_norm(source, "model.norm", epsilon);
  decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim, .layer_type = "full_attention"})};
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    name_attention(attention, name + ".self_attn");
    decoder.layers.push_back({.input_norm = gemma_norm(source, name + ".input_layernorm", epsilon),
                              .mixer = attention,
                              .mlp_norm = gemma_norm(source, name + ".post_attention_layernorm", epsilon),
                              .mlp = gated_mlp(name + ".mlp", width, activation)});
  }
  return decoder;
}

void make_sandwich(const WeightSource& source, int pattern, DecoderSpec& decoder) {
  constexpr int kWindowMax = 1 << 30;
  const ConfigReader config(source);
  const auto layers = static_cast<int>(decoder.layers.size());
  const double scalar = config.number("query_pre_attn_scalar", 1e-3, 1e6, unsaid_scalar(source, decoder));
  const int window = config.integer("sliding_window", 1, kWindowMax, 4096);
  const std::vector<bool> are_full = layers_of_type(config, layers, "full_attention", "sliding_attention");
  decoder.logit_softcap = static_cast<float>(config.number("final_logit_softcapping", 0, 1e6, 0));
  const auto softcap = static_cast<float>(config.number("attn_logit_softcapping", 0, 1e6, 0));
  for (int layer = 0; layer < layers; ++layer) {
    LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    const bool is_full = are_full.empty() ? (layer + 1) % pattern == 0 : are_full[static_cast<size_t>(layer)];
    attention.scale = static_cast<float>(1 / std::sqrt(scalar));
    attention.softcap = softcap;
    attention.window = is_full ? 0 : window;
    const std::string name = "model.layers." + std::to_string(layer);
    spec.mixer_output_norm = gemma_norm(source, name + ".post_attention_layernorm", decoder.norm.epsilon);
    spec.mlp_norm = gemma_norm(source, name + ".pre_feedforward_layernorm", decoder.norm.epsilon);
    spec.mlp_output_norm = gemma_norm(source, name + ".post_feedforward_layernorm", decoder.norm.epsilon);
  }
}

extern const ModelFamily gemma;
constinit const ModelFamily gemma = {
    .name = "gemma", .architectures = kArchitectures, .describe = describe_gemma, .naming = {.gguf = kGguf}};

}  // namespace estoc
