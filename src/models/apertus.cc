// The Apertus family: Llama's decoder with an RMS norm over each query and key head, and a plain MLP whose activation
// has learned numbers. Source: transformers models/apertus (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"ApertusForCausalLM"};
constexpr std::string_view kXielu = "xielu";  // which no other family has

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  const bool is_xielu = config.text("hidden_act", kXielu) == kXielu;
  DecoderSpec decoder = describe_llama(
      source,
      {.rope = {.theta = 12e6}, .epsilon = 1e-5, .activation_key = is_xielu ? std::string_view() : "hidden_act"});
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    attention.q_norm = attention.k_norm = decoder.norm;
    attention.q_norm->name = attention.name + ".q_norm";
    attention.k_norm->name = attention.name + ".k_norm";
    spec.input_norm->name = layer_name(layer) + ".attention_layernorm";
    spec.mlp_norm->name = layer_name(layer) + ".feedforward_layernorm";
    PlainMlpSpec mlp = plain_mlp(spec.mlp);
    if (is_xielu) mlp.xielu = mlp.name + ".act_fn";
    spec.mlp = mlp;
  }
  return decoder;
}

}  // namespace

extern const ModelFamily apertus;
constinit const ModelFamily apertus = {.name = "apertus", .architectures = kArchitectures, .describe = describe};

}  // namespace estoc
