// MiniCPM3: latent attention whose halves turn together, dense MLPs, and three numbers that scale the embedding, what
// layers add, and logits.
// Source: transformers models/minicpm3 (5.23); checked against tests/golden/.
#include <cmath>

#include "models/family.h"
#include "models/latent.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"MiniCPM3ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "minicpm3", .architecture = "MiniCPM3ForCausalLM", .model_type = "minicpm3", .renames = kLatentRenames}};
constexpr std::string_view kComputes[] = {"dim_model_base", "kv_lora_rank",     "partial_rotary_factor",
                                          "q_lora_rank",    "qk_nope_head_dim", "qk_rope_head_dim",
                                          "scale_depth",    "scale_emb",        "v_head_dim"};

DecoderSpec describe(const WeightSource& source) {
  constexpr double kMin = 1e-6, kMax = 1e6;
  const ConfigReader config(source);
  DecoderSpec decoder = describe_latent(source, {.is_interleaved = false, .epsilon = 1e-5});
  // GGUF files do not say the numbers: they are the 4B model's.
  decoder.embedding_scale = static_cast<float>(config.number("scale_emb", kMin, kMax, 12));
  decoder.logit_scale = static_cast<float>(config.number("dim_model_base", kMin, kMax, 256) / decoder.hidden);
  const double depth = config.number("scale_depth", kMin, kMax, 1.4);
  for (LayerSpec& layer : decoder.layers) {
    layer.residual_scale = static_cast<float>(depth / std::sqrt(static_cast<double>(decoder.layers.size())));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily minicpm3;
constinit const ModelFamily minicpm3 = {.name = "minicpm3",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
