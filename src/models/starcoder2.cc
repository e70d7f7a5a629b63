// The StarCoder2 family: Llama's decoder with layer norms, a plain MLP, biases and mostly a window.
// Source: transformers models/starcoder2 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Starcoder2ForCausalLM"};
constexpr GgufRename kRenames[] = {{"ffn_up", "mlp.c_fc"}, {"ffn_down", "mlp.c_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "starcoder2", .architecture = "Starcoder2ForCausalLM", .model_type = "starcoder2", .renames = kRenames}};
constexpr ConfigAlias kAliases[] = {{"norm_epsilon", "layer_norm_eps"}};

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(
      source, {.norm = NormSpec::Kind::layer, .epsilon = 1e-5, .activation = "gelu_pytorch_tanh", .aliases = kAliases});
  for (LayerSpec& layer : decoder.layers) layer.mlp = plain_mlp(layer.mlp, "c_fc", "c_proj");
  return decoder;
}

}  // namespace

extern const ModelFamily starcoder2;
constinit const ModelFamily starcoder2 = {
    .name = "starcoder2", .architectures = kArchitectures, .describe = describe, .naming = {.gguf = kGguf}};

}  // namespace estoc
