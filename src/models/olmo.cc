// The first OLMo family: Llama's decoder with layer norms that have no weights, and queries, keys and values kept
// within bounds where the config has them.
// Source: transformers models/olmo (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"OlmoForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "olmo", .architecture = "OlmoForCausalLM", .model_type = "olmo", .has_interleaved_heads = true}};
constexpr std::string_view kComputes[] = {"clip_qkv"};

DecoderSpec describe(const WeightSource& source) {
  constexpr float kEpsilon = 1e-5f;  // in no config
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const NormSpec norm = {.epsilon = kEpsilon, .kind = NormSpec::Kind::layer};
  decoder.norm = norm;
  for (LayerSpec& layer : decoder.layers) {
    layer.input_norm = layer.mlp_norm = norm;
    std::get<AttentionSpec>(layer.mixer).clip = static_cast<float>(config.number("clip_qkv", 0, 1e6, 0));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily olmo;
constinit const ModelFamily olmo = {.name = "olmo",
                                    .architectures = kArchitectures,
                                    .describe = describe,
                                    .naming = {.gguf = kGguf},
                                    .computes = kComputes};

}  // namespace estoc
