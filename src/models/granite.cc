// The Granite family: Llama's decoder with four numbers that scale the embedding, scores, what layers add, and logits.
// Source: transformers models/granite (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GraniteForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "granite", .architecture = "GraniteForCausalLM", .model_type = "granite", .has_interleaved_heads = true}};
constexpr std::string_view kComputes[] = {"attention_multiplier", "embedding_multiplier", "logits_scaling",
                                          "residual_multiplier"};

DecoderSpec describe(const WeightSource& source) {
  constexpr double kMin = 1e-6, kMax = 1e6;
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const auto multiplier = [&](std::string_view key, double fallback) {
    return static_cast<float>(config.number(key, kMin, kMax, fallback));
  };
  decoder.embedding_scale = multiplier("embedding_multiplier", 1);
  decoder.logit_scale = 1 / multiplier("logits_scaling", 1);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    // GGUF files without the key leave scores as usual.
    attention.scale = multiplier("attention_multiplier", source.container() == "gguf" ? attention.scale : 1);
    layer.residual_scale = multiplier("residual_multiplier", 1);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily granite;
constinit const ModelFamily granite = {.name = "granite",
                                       .architectures = kArchitectures,
                                       .describe = describe,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
