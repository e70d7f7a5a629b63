// The Bamba family: layers of Mamba-2 with few of attention between them, half of whose heads turn, and a gated MLP
// behind each.
// Source: transformers models/bamba (5.23); checked against tests/golden/.
#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mamba2_config.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"BambaForCausalLM"};
constexpr std::string_view kComputes[] = {"attn_layer_indices", "layer_types", "partial_rotary_factor"};

std::vector<bool> read_attention_layers(const ConfigReader& config, int layers) {
  constexpr std::string_view kKey = "attn_layer_indices";
  std::vector<bool> attends(static_cast<size_t>(layers), false);
  const Json* numbers = config.find(kKey);
  if (numbers == nullptr) return attends;
  bool fits = numbers->is_array();
  for (size_t i = 0; fits && i < numbers->as_array().size(); ++i) {
    const Json& number = numbers->as_array()[i];
    fits = number.is_int() && number.as_int() >= 0 && number.as_int() < layers;
    if (fits) attends[static_cast<size_t>(number.as_int())] = true;
  }
  if (!fits) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of layers", config.file(), config.spelling(kKey));
  }
  return attends;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-5));
  Mamba2Spec mamba = describe_mamba2(config, {}, decoder.hidden);
  mamba.epsilon = epsilon;
  const Activation activation = read_activation(config, "hidden_act", "silu");
  const std::vector<bool> attends = read_attention_layers(config, layer_count(config));
  decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim, .partial = 0.5})};
  decoder.norm = {"model.norm", epsilon};
  for (size_t layer = 0; layer < attends.size(); ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    LayerSpec spec{.input_norm = NormSpec{name + ".input_layernorm", epsilon},
                   .mlp_norm = NormSpec{name + ".pre_ff_layernorm", epsilon},
                   .mlp = gated_mlp(name + ".feed_forward", mlp_width(config), activation)};
    name_attention(attention, name + ".self_attn");
    mamba.name = name + ".mamba";
    if (attends[layer]) {
      spec.mixer = attention;
    } else {
      spec.mixer = mamba;
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily bamba;
constinit const ModelFamily bamba = {
    .name = "bamba", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
