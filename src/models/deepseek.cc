// The DeepSeek families: latent attention; experts behind dense first layers, and shared experts. V2 chooses by a
// softmax, in groups by their best expert where topk_method says so; V3 by sigmoids with a correction. Layers that
// predict further tokens are not computed.
// Source: transformers models/deepseek_v2 and models/deepseek_v3 (5.23); checked against tests/golden/.
#include "base/error.h"
#include "models/family.h"
#include "models/latent.h"
#include "models/mixture.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kV2 = "DeepseekV2ForCausalLM", kV3 = "DeepseekV3ForCausalLM";
constexpr std::string_view kArchitectures[] = {kV2, kV3};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "kv_lora_rank",      "n_routed_experts",
                                          "num_experts",           "num_local_experts", "partial_rotary_factor",
                                          "q_lora_rank",           "qk_nope_head_dim",  "qk_rope_head_dim",
                                          "rope_interleave",       "v_head_dim"};

MoeSpec read_softmax_mixture(const ConfigReader& config, const std::string& name) {
  MoeSpec moe = read_grouped_mixture(config, name);
  const std::string method = config.text("topk_method", "greedy");
  if (method == "greedy") {
    moe.rule.groups = moe.rule.groups_kept = 1;
  } else if (method != "group_limited_greedy") {
    fail(ErrorCode::unsupported, "{}: {} '{}' is not supported (greedy, group_limited_greedy are)", config.file(),
         config.spelling("topk_method"), shown(method));
  }
  if (config.boolean("norm_topk_prob", false)) {
    fail(ErrorCode::unsupported, "{}: {} is not computed with a softmax over all experts", config.file(),
         config.spelling("norm_topk_prob"));
  }
  return moe;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_latent(source);
  const bool is_v2 = config.find("architectures")->as_array()[0] == Json(kV2);
  const int dense = config.integer("first_k_dense_replace", 0, 1 << 20, is_v2 ? 0 : 3);
  for (size_t layer = static_cast<size_t>(dense); layer < decoder.layers.size(); ++layer) {
    MlpSpec& mlp = decoder.layers[layer].mlp;
    const std::string name = std::get<GatedMlpSpec>(mlp).name;
    mlp = is_v2 ? read_softmax_mixture(config, name) : read_sigmoid_mixture(config, name);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily deepseek;
constinit const ModelFamily deepseek = {
    .name = "deepseek", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
