// MiniCPM: Llama's decoder with three numbers that scale the embedding, what layers add, and logits. Attention that
// leaves out positions of long contexts (sparse_config) is not computed.
// Source: the configuration that its checkpoints publish; its class is not in transformers (5.23), whose Granite with
// the same numbers is what tests/golden/ has.
#include <cmath>

#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"MiniCPMForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "minicpm", .architecture = "MiniCPMForCausalLM", .model_type = "minicpm", .has_interleaved_heads = true}};
constexpr std::string_view kComputes[] = {"dim_model_base",      "embedding_multiplier", "logits_scaling",
                                          "residual_multiplier", "scale_depth",          "scale_emb"};

DecoderSpec describe(const WeightSource& source) {
  constexpr double kMin = 1e-6, kMax = 1e6;
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const auto layers = static_cast<double>(decoder.layers.size());
  double residual = config.number("scale_depth", kMin, kMax, 1.4) / std::sqrt(layers);
  double logits = decoder.hidden / config.number("dim_model_base", kMin, kMax, 256);
  // GGUF files say what comes out of it, but those of before there were keys for that.
  residual = config.number("residual_multiplier", kMin, kMax, residual);
  logits = config.number("logits_scaling", kMin, kMax, logits);
  decoder.embedding_scale =
      static_cast<float>(config.number("embedding_multiplier", kMin, kMax, config.number("scale_emb", kMin, kMax, 12)));
  decoder.logit_scale = static_cast<float>(1 / logits);
  for (LayerSpec& layer : decoder.layers) layer.residual_scale = static_cast<float>(residual);
  return decoder;
}

}  // namespace

extern const ModelFamily minicpm;
constinit const ModelFamily minicpm = {.name = "minicpm",
                                       .architectures = kArchitectures,
                                       .describe = describe,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
