// The Apertus family: Llama's decoder with an RMS norm over each query and key head, and a plain MLP whose activation
// has learned numbers, which GGUF files have in their metadata.
// Source: transformers models/apertus (5.23); checked against tests/golden/.
#include "base/error.h"
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"ApertusForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_norm", "attention_layernorm"},
                                   {"ffn_norm", "feedforward_layernorm"},
                                   {"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "apertus", .architecture = "ApertusForCausalLM", .model_type = "apertus", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"xielu_alpha_p", "xielu_alpha_n", "xielu_beta", "xielu_eps"};
constexpr std::string_view kXielu = "xielu";  // which no other family has

// What a GGUF file has of `layer`.
std::array<float, 4> xielu_numbers(const ConfigReader& config, size_t layer, size_t layers) {
  std::array<float, 4> numbers = {};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Json* list = config.find(kComputes[i]);
    if (list == nullptr || !list->is_array() || list->as_array().size() != layers) {
      fail(ErrorCode::corrupt_file, "{}: {} is not a list of {} numbers", config.file(), config.spelling(kComputes[i]),
           layers);
    }
    numbers[i] = static_cast<float>(list->as_array()[layer].as_double());
  }
  return numbers;
}

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
    if (is_xielu && source.container() == "gguf") {
      mlp.xielu_numbers = xielu_numbers(config, layer, decoder.layers.size());
    } else if (is_xielu) {
      mlp.xielu = mlp.name + ".act_fn";
    }
    spec.mlp = mlp;
  }
  return decoder;
}

}  // namespace

extern const ModelFamily apertus;
constinit const ModelFamily apertus = {.name = "apertus",
                                       .architectures = kArchitectures,
                                       .describe = describe,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
