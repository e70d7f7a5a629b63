// The Hunyuan mixtures of experts (A13B): the dense family's attention before experts and one that every token goes to.
// Source: transformers models/hunyuan_v1_moe (5.23); checked against tests/golden/.
#include <algorithm>

#include "base/error.h"
#include "models/family.h"
#include "models/hunyuan.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"HunYuanMoEV1ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.query_layernorm"},
                                   {"attn_k_norm", "self_attn.key_layernorm"},
                                   {"ffn_gate_inp", "mlp.gate.wg"},
                                   {"ffn_gate_shexp", "mlp.shared_mlp.gate_proj"},
                                   {"ffn_up_shexp", "mlp.shared_mlp.up_proj"},
                                   {"ffn_down_shexp", "mlp.shared_mlp.down_proj"}};
constexpr GgufArchitecture kGguf[] = {{.name = "hunyuan-moe",
                                       .architecture = "HunYuanMoEV1ForCausalLM",
                                       .model_type = "hunyuan_v1_moe",
                                       .renames = kRenames}};
constexpr ConfigAlias kAliases[] = {{"moe_topk", "num_experts_per_tok"}};
constexpr std::string_view kComputes[] = {"num_experts", "num_local_experts", "shared_expert_intermediate_size",
                                          "use_qk_norm"};

// A number, or a list with the same one for each layer.
int count_of_layers(const ConfigReader& config, std::string_view key, int most) {
  const Json* value = config.find(key);
  if (value == nullptr || !value->is_array()) return config.integer(key, 1, most, 1);
  const Json::Array& all = value->as_array();
  if (!all.empty() && all[0].is_int() && all[0].as_int() >= 1 && all[0].as_int() <= most &&
      std::ranges::count(all, all[0]) == std::ssize(all)) {
    return static_cast<int>(all[0].as_int());
  }
  fail(ErrorCode::unsupported, "{}: {} is not one count for all layers, from 1 to {}", config.file(),
       config.spelling(key), most);
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config = ConfigReader(source).with(kAliases);
  DecoderSpec decoder = describe_hunyuan(source);
  for (LayerSpec& layer : decoder.layers) {
    const auto& dense = std::get<GatedMlpSpec>(layer.mlp);
    MoeSpec moe{.name = dense.name,
                .router = dense.name + ".gate.wg",
                .experts = dense.name + ".experts",
                .width = dense.width,
                .activation = {.function = dense.activation},
                .shared = SharedExpertSpec{.name = dense.name + ".shared_mlp", .width = dense.width}};
    moe.rule.experts = count_of_layers(config, "num_experts", kExpertsMax);
    moe.rule.chosen = count_of_layers(config, "num_experts_per_tok", moe.rule.experts);
    moe.rule.is_normalized = true;
    layer.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily hunyuan_moe;
constinit const ModelFamily hunyuan_moe = {.name = "hunyuan_moe",
                                           .architectures = kArchitectures,
                                           .describe = describe,
                                           .naming = {.gguf = kGguf},
                                           .computes = kComputes};

}  // namespace estoc
