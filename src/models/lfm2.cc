// The LFM2 family: layers of attention with head norms, and between them layers that mix few positions by a gated short
// convolution, whose last inputs are all the past they keep. Names of its own for norms, output and MLP.
// Source: transformers models/lfm2 (5.23); checked against tests/golden/.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/layer_numbers.h"
#include "models/lfm2.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Lfm2ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "lfm2",
                                       .architecture = "Lfm2ForCausalLM",
                                       .model_type = "lfm2",
                                       .renames = kLfm2Renames,
                                       .model_renames = kLfm2ModelRenames}};
constexpr ConfigAlias kAliases[] = {{"norm_eps", "rms_norm_eps"}};
constexpr std::string_view kComputes[] = {
    "layer_types",       "full_attn_idxs", "conv_L_cache",
    "conv_bias",         "block_ff_dim",   "block_auto_adjust_ff_dim",
    "block_multiple_of", "norm_eps",       "block_ffn_dim_multiplier",
};
constexpr int kWidthMax = 64;  // positions of a convolution

bool is_gguf(const WeightSource& source) { return source.container() == "gguf"; }

// The config says the width before an adjustment that is on unless it says otherwise; a GGUF file the one after it.
int adjusted_width(const WeightSource& source) {
  const ConfigReader config(source);
  if (is_gguf(source)) return mlp_width(config);
  constexpr int kSizeMax = 1 << 20;
  const int given =
      config.find("block_ff_dim") != nullptr ? config.integer("block_ff_dim", 1, kSizeMax) : mlp_width(config);
  if (!config.boolean("block_auto_adjust_ff_dim", true)) return given;
  const double factor = config.number("block_ffn_dim_multiplier", 1e-3, 1e3, 1);
  const int multiple = config.integer("block_multiple_of", 1, kSizeMax, 256);
  const int width = static_cast<int>(factor * static_cast<int>(2.0 * given / 3));
  return (width + multiple - 1) / multiple * multiple;
}

// Which layers attend: a list of kinds, or of their numbers in older configs.
std::vector<bool> attention_layers(const ConfigReader& config, int layers) {
  constexpr std::string_view kNumbers = "full_attn_idxs";
  const std::vector<bool> typed = layers_of_type(config, layers, "full_attention", "conv");
  const Json* numbers = config.find(kNumbers);
  if (!typed.empty()) return typed;
  if (numbers == nullptr) return std::vector<bool>(static_cast<size_t>(layers), true);
  const auto is_layer = [&](const Json& number) {
    return number.is_int() && number.as_int() >= 0 && number.as_int() < layers;
  };
  if (!numbers->is_array() || !std::ranges::all_of(numbers->as_array(), is_layer)) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of layers", config.file(), config.spelling(kNumbers));
  }
  std::vector<bool> attends(static_cast<size_t>(layers));
  for (const Json& number : numbers->as_array()) attends[static_cast<size_t>(number.as_int())] = true;
  return attends;
}

DecoderSpec describe(const WeightSource& source) { return describe_lfm2(source, adjusted_width(source)); }

}  // namespace

DecoderSpec describe_lfm2(const WeightSource& source, int width) {
  const ConfigReader given = ConfigReader(source).with(kAliases);
  const Json plain = with_largest(given, {"num_key_value_heads"});
  const ConfigReader config = given.of(plain);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-5));
  const int conv_width = config.integer("conv_L_cache", 2, kWidthMax, 3);
  decoder.norm = {"model.embedding_norm", epsilon};
  decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim})};
  const std::vector<bool> attends =
      is_gguf(source) ? layers_with_kv_heads(given) : attention_layers(config, layer_count(config));
  for (size_t layer = 0; layer < attends.size(); ++layer) {
    const std::string name = "model.layers." + std::to_string(layer), mlp = name + ".feed_forward";
    LayerSpec spec{.input_norm = NormSpec{name + ".operator_norm", epsilon},
                   .mixer = ShortConvSpec{name + ".conv", conv_width},
                   .mlp_norm = NormSpec{name + ".ffn_norm", epsilon},
                   .mlp = GatedMlpSpec{
                       .name = mlp, .gate = {mlp + ".w1"}, .up = {mlp + ".w3"}, .down = {mlp + ".w2"}, .width = width}};
    if (attends[layer]) {
      name_attention(attention, name + ".self_attn", "out_proj");
      attention.q_norm = NormSpec{attention.name + ".q_layernorm", epsilon};
      attention.k_norm = NormSpec{attention.name + ".k_layernorm", epsilon};
      spec.mixer = attention;
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

extern const ModelFamily lfm2;
constinit const ModelFamily lfm2 = {.name = "lfm2",
                                    .architectures = kArchitectures,
                                    .describe = describe,
                                    .naming = {.gguf = kGguf},
                                    .computes = kComputes};

}  // namespace estoc
