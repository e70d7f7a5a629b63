// The dense Nemotron family, Nemotron-4 and Minitron: Llama's decoder with layer norms that keep what is to be added to
// one, a plain MLP of squared ReLUs, and rotations of a part of each head.
// Source: transformers models/nemotron (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"NemotronForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "nemotron", .architecture = "NemotronForCausalLM", .model_type = "nemotron"}};
constexpr std::string_view kComputes[] = {"norm_eps", "partial_rotary_factor"};
constexpr ConfigAlias kAliases[] = {{"norm_eps", "layer_norm_eps"}};

DecoderSpec describe(const WeightSource& source) {
  // A GGUF file's norms have the one in them.
  DecoderSpec decoder = describe_llama(source, {.rope = {.partial = 0.5},
                                                .norm = NormSpec::Kind::layer,
                                                .epsilon = 1e-5,
                                                .norm_weight_offset = source.container() == "gguf" ? 0.0f : 1.0f,
                                                .activation = "relu2",
                                                .aliases = kAliases});
  for (LayerSpec& layer : decoder.layers) layer.mlp = plain_mlp(layer.mlp);
  return decoder;
}

}  // namespace

extern const ModelFamily nemotron;
constinit const ModelFamily nemotron = {.name = "nemotron",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
