#include "models/mixture.h"

#include <algorithm>

#include "base/error.h"
#include "models/llama.h"

namespace estoc {

int expert_count(const ConfigReader& config) {
  for (const char* key : {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"}) {
    if (config.find(key) != nullptr) return config.integer(key, 0, kExpertsMax);
  }
  return 0;
}

MoeSpec read_mixture(const ConfigReader& config, const std::string& name) {
  MoeSpec moe{.name = name, .router = name + ".gate", .experts = name + ".experts"};
  moe.rule.experts = expert_count(config);
  if (moe.rule.experts == 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is missing or 0", config.file(), config.spelling("num_experts"));
  }
  const char* const chosen = config.find("moe_k") == nullptr ? "num_experts_per_tok" : "moe_k";
  moe.rule.chosen = config.integer(chosen, 1, moe.rule.experts);
  moe.width = config.find("moe_intermediate_size") != nullptr ? config.integer("moe_intermediate_size", 1, 1 << 20)
                                                              : mlp_width(config);
  moe.activation.function = read_activation(config, "hidden_act", "silu");
  return moe;
}

MoeSpec read_grouped_mixture(const ConfigReader& config, const std::string& name) {
  MoeSpec moe = read_mixture(config, name);
  RouterRule& rule = moe.rule;
  rule.groups = config.integer("n_group", 1, rule.experts, 1);
  rule.groups_kept = config.integer("topk_group", 1, rule.groups, rule.groups);
  if (rule.experts % rule.groups != 0 || rule.experts / rule.groups * rule.groups_kept < rule.chosen) {
    fail(ErrorCode::corrupt_file, "{}: {} experts in {} groups, of which {} are kept, do not give {} for each token",
         config.file(), rule.experts, rule.groups, rule.groups_kept, rule.chosen);
  }
  rule.scale = static_cast<float>(config.number("routed_scaling_factor", 0, 1e6, 1));
  const int shared = config.integer("n_shared_experts", 0, 1024, 0);
  if (shared > 0) moe.shared = SharedExpertSpec{.name = name + ".shared_experts", .width = shared * moe.width};
  return moe;
}

MoeSpec read_sigmoid_mixture(const ConfigReader& config, const std::string& name) {
  MoeSpec moe = read_grouped_mixture(config, name);
  moe.rule.score = RouterRule::Score::sigmoid;
  moe.rule.group_best = 2;
  moe.rule.is_normalized = config.boolean("norm_topk_prob", true);
  moe.rule.epsilon = 1e-20f;
  moe.correction = moe.router + ".e_score_correction_bias";
  return moe;
}

bool is_sparse_layer(const ConfigReader& config, int layer) {
  const Json* dense = config.find("mlp_only_layers");
  const bool is_dense = dense != nullptr && dense->is_array() && std::ranges::count(dense->as_array(), Json(layer)) > 0;
  return !is_dense && (layer + 1) % config.integer("decoder_sparse_step", 1, 1 << 20, 1) == 0;
}

}  // namespace estoc
