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
// Of both, of GLM-4.7-Flash and of Youtu.
constexpr GgufArchitecture kGguf[] = {
    {.name = "deepseek2", .architecture = kV3, .model_type = "deepseek_v3", .renames = kLatentRenames}};
constexpr std::string_view kComputes[] = {"first_k_dense_replace",
                                          "kv_lora_rank",
                                          "log_multiplier",
                                          "mlp_layer_types",
                                          "n_routed_experts",
                                          "num_experts",
                                          "num_local_experts",
                                          "partial_rotary_factor",
                                          "q_lora_rank",
                                          "qk_nope_head_dim",
                                          "qk_rope_head_dim",
                                          "rope_interleave",
                                          "v_head_dim"};

MoeSpec read_softmax_mixture(const ConfigReader& config, const std::string& name) {
  MoeSpec moe = read_grouped_mixture(config, name);
  // Files that do not say how they choose have groups where there is a choice among them.
  const std::string method = config.text("topk_method", moe.rule.groups > 1 ? "group_limited_greedy" : "greedy");
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

// GGUF has one architecture for all of them: the router tells them apart. Files of before there was a key for it are
// V2's.
bool has_sigmoid_router(const WeightSource& source, const ConfigReader& config) {
  if (source.container() != "gguf") return config.find("architectures")->as_array()[0] != Json(kV2);
  constexpr int kSigmoid = 2;
  return config.integer("expert_gating_func", 0, 100, 1) == kSigmoid;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_latent(source);
  if (source.container() == "gguf" && expert_count(config) == 0) return decoder;
  const bool is_sigmoid = has_sigmoid_router(source, config);
  const auto have_experts = layers_with_experts(config, decoder.layers.size(), is_sigmoid ? 3 : 0);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    if (!have_experts[layer]) continue;
    MlpSpec& mlp = decoder.layers[layer].mlp;
    const std::string name = std::get<GatedMlpSpec>(mlp).name;
    MoeSpec moe = is_sigmoid ? read_sigmoid_mixture(config, name) : read_softmax_mixture(config, name);
    if (is_sigmoid && source.container() == "gguf") {
      moe.rule.is_normalized = config.boolean("norm_topk_prob", false);  // only said where it is so
    }
    mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily deepseek;
constinit const ModelFamily deepseek = {.name = "deepseek",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
