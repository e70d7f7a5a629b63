// The LFM2 family with experts: after the first few layers a mixture by sigmoid scores takes the place of the MLP.
// Source: transformers models/lfm2_moe (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/lfm2.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Lfm2MoeForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "lfm2moe",
                                       .architecture = "Lfm2MoeForCausalLM",
                                       .model_type = "lfm2_moe",
                                       .renames = kLfm2Renames,
                                       .model_renames = kLfm2ModelRenames}};
constexpr ConfigAlias kAliases[] = {{"num_dense_layers", "first_k_dense_replace"}};
constexpr std::string_view kComputes[] = {"conv_L_cache", "conv_bias", "first_k_dense_replace",
                                          "layer_types",  "norm_eps",  "num_experts"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config = ConfigReader(source).with(kAliases);
  DecoderSpec decoder = describe_lfm2(source, mlp_width(config));
  const auto layers = static_cast<int>(decoder.layers.size());
  for (int layer = config.integer("first_k_dense_replace", 0, layers, 0); layer < layers; ++layer) {
    LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    const std::string name = std::get<GatedMlpSpec>(spec.mlp).name;
    MoeSpec moe = read_sigmoid_mixture(config, name);
    moe.rule.epsilon = 1e-6f;
    moe.correction = config.boolean("use_expert_bias", true) ? name + ".expert_bias" : "";
    moe.gate = "w1", moe.up = "w3", moe.down = "w2";
    spec.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily lfm2_moe;
constinit const ModelFamily lfm2_moe = {.name = "lfm2_moe",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
