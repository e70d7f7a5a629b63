// The Ministral families: Llama's decoder with windows in the layers that the config names, and since the third one
// with queries that grow with their position.
// Source: transformers models/ministral and models/ministral3 (5.23); checked against tests/golden/.
#include <cmath>

#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"MinistralForCausalLM", "Ministral3ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "mistral3",
                                       .architecture = "Ministral3ForCausalLM",
                                       .model_type = "ministral3",
                                       .has_interleaved_heads = true}};
constexpr TextModel kTextModels[] = {{.model_type = "ministral3", .architecture = "Ministral3ForCausalLM"}};
constexpr std::string_view kComputes[] = {"attn_temperature_scale", "layer_types", "llama_4_scaling_beta",
                                          "log_multiplier"};

// GGUF says the weight of a logarithm that divides cos and sin where configs have mscale and mscale_all_dim.
void read_magnitude(const ConfigReader& rope, RopeSpec& spec) {
  const double weight = rope.number("log_multiplier", 0, 1e3, 0);
  const double factor = rope.number("factor", 1e-3, 1e6, 1);
  if (weight == 0 || factor <= 1) return;
  const double grown = 0.1 * std::log(factor);
  spec.magnitude = static_cast<float>((1 + grown) / (1 + weight * grown));
}

DecoderSpec describe(const WeightSource& source) {
  const bool is_gguf = source.container() == "gguf";
  const ConfigReader config(source), rope = config.object(is_gguf ? "rope_scaling" : "rope_parameters");
  DecoderSpec decoder = describe_llama(source);
  if (is_gguf) read_magnitude(rope, decoder.ropes.front());
  const auto layers = static_cast<int>(decoder.layers.size());
  const std::vector<bool> are_full = layers_of_type(config, layers, "full_attention", "sliding_attention");
  const double growth =
      is_gguf ? config.number("attn_temperature_scale", 0, 1e3, 0) : rope.number("llama_4_scaling_beta", 0, 1e3, 0);
  for (int layer = 0; layer < layers; ++layer) {
    auto& attention = std::get<AttentionSpec>(decoder.layers[static_cast<size_t>(layer)].mixer);
    if (!are_full.empty() && are_full[static_cast<size_t>(layer)]) attention.window = 0;
    if (growth == 0) continue;
    attention.position_growth = static_cast<float>(growth);
    attention.position_period = rope.integer("original_max_position_embeddings", 1, 1 << 30);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily ministral;
constinit const ModelFamily ministral = {.name = "ministral",
                                         .architectures = kArchitectures,
                                         .describe = describe,
                                         .naming = {.gguf = kGguf, .text_models = kTextModels},
                                         .computes = kComputes};

}  // namespace estoc
