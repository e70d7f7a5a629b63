// The Ministral families: Llama's decoder with windows in the layers that the config names, and since the third one
// with queries that grow with their position.
// Source: transformers models/ministral and models/ministral3 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"MinistralForCausalLM", "Ministral3ForCausalLM"};
constexpr std::string_view kComputes[] = {"layer_types", "llama_4_scaling_beta"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source), rope = config.object("rope_parameters");
  DecoderSpec decoder = describe_llama(source);
  const auto layers = static_cast<int>(decoder.layers.size());
  const std::vector<bool> are_full = layers_of_type(config, layers, "full_attention", "sliding_attention");
  const double growth = rope.number("llama_4_scaling_beta", 0, 1e3, 0);
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
constinit const ModelFamily ministral = {
    .name = "ministral", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
