// The Nemotron-H family: every layer is one norm and one part, which is Mamba-2, attention without positions, a plain
// MLP with a squared ReLU, or a mixture of such.
// Source: transformers models/nemotron_h (5.23); checked against tests/golden/.
#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/family.h"
#include "models/layer_numbers.h"
#include "models/llama.h"
#include "models/mamba2_config.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"NemotronHForCausalLM"};
constexpr std::string_view kComputes[] = {
    "hybrid_override_pattern", "layer_types",     "layers_block_type", "moe_latent_size",
    "n_routed_experts",        "num_experts",     "num_local_experts", "shared_expert_intermediate_size",
    "ssm_conv_kernel",         "ssm_group_count", "ssm_inner_size",    "ssm_state_size",
    "ssm_time_step_rank"};
constexpr ConfigAlias kAliases[] = {{"moe_shared_expert_intermediate_size", "shared_expert_intermediate_size"}};
constexpr Mamba2Keys kKeys = {.heads = "mamba_num_heads",
                              .head_dim = "mamba_head_dim",
                              .groups = "n_groups",
                              .state_size = "ssm_state_size",
                              .conv_width = "conv_kernel",
                              .expand = "expand",
                              .activation = "mamba_hidden_act"};

constexpr GgufRename kRenames[] = {{"attn_norm", "norm"},
                                   {"attn_q", "mixer.q_proj"},
                                   {"attn_k", "mixer.k_proj"},
                                   {"attn_v", "mixer.v_proj"},
                                   {"attn_output", "mixer.o_proj"},
                                   {"ffn_up", "mixer.up_proj"},
                                   {"ffn_down", "mixer.down_proj"},
                                   {"ffn_gate_inp", "mixer.gate"},
                                   {"exp_probs_b.bias", "mixer.gate.e_score_correction_bias"},
                                   {"ffn_up_exps", "mixer.experts.up_proj"},
                                   {"ffn_down_exps", "mixer.experts.down_proj"},
                                   {"ffn_up_shexp", "mixer.shared_experts.up_proj"},
                                   {"ffn_down_shexp", "mixer.shared_experts.down_proj"},
                                   {"ffn_latent_down", "mixer.fc1_latent_proj"},
                                   {"ffn_latent_up", "mixer.fc2_latent_proj"},
                                   {"ssm_in", "mixer.in_proj"},
                                   {"ssm_conv1d", "mixer.conv1d"},
                                   {"ssm_dt", "mixer.dt"},
                                   {"ssm_a", "mixer.A"},
                                   {"ssm_d", "mixer.D"},
                                   {"ssm_norm", "mixer.norm"},
                                   {"ssm_out", "mixer.out_proj"}};
// Its converter reorders heads, which changes no score where positions are not told.
constexpr GgufArchitecture kGguf[] = {
    {.name = "nemotron_h", .architecture = "NemotronHForCausalLM", .model_type = "nemotron_h", .renames = kRenames},
    {.name = "nemotron_h_moe",
     .architecture = "NemotronHForCausalLM",
     .model_type = "nemotron_h",
     .renames = kRenames}};

bool is_gguf(const WeightSource& source) { return source.container() == "gguf"; }

// A GGUF file tells the kinds by how many heads or columns a layer has; with experts it has a router, too.
std::string pattern_of_numbers(const WeightSource& source, const ConfigReader& config) {
  const int layers = layer_count(config);
  const std::vector<int> kv_heads = layer_numbers(config, "num_key_value_heads", layers);
  const std::vector<int> widths = layer_numbers(config, "intermediate_size", layers);
  std::string pattern;
  for (size_t layer = 0; layer < kv_heads.size(); ++layer) {
    const bool has_router = source.find(layer_name(layer) + ".mixer.gate.weight") != nullptr;
    pattern += kv_heads[layer] > 0 ? '*' : has_router ? 'E' : widths[layer] > 0 ? '-' : 'M';
  }
  return pattern;
}

// The kind of every layer as a letter of the older configs' pattern: M, * for attention, - for an MLP, E for experts.
std::string read_pattern(const ConfigReader& config) {
  constexpr std::string_view kPattern = "hybrid_override_pattern";
  constexpr std::string_view kLetters = "M*-E";
  std::string pattern = config.text(kPattern, "");
  const Json* types = config.find("layers_block_type");
  if (types == nullptr) types = config.find("layer_types");
  if (types != nullptr && types->is_array()) {
    constexpr std::pair<std::string_view, char> kKinds[] = {
        {"linear_attention", 'M'}, {"mamba", 'M'}, {"full_attention", '*'},
        {"attention", '*'},        {"mlp", '-'},   {"moe", 'E'}};
    pattern.clear();
    for (const Json& type : types->as_array()) {
      char letter = '?';
      for (const auto& [kind, its] : kKinds) {
        if (type == Json(std::string(kind))) letter = its;
      }
      pattern += letter;
    }
  }
  if (pattern.empty() || pattern.size() > 1024 || pattern.find_first_not_of(kLetters) != std::string::npos) {
    fail(ErrorCode::corrupt_file, "{}: neither layers_block_type nor {} is a list of the layers' kinds", config.file(),
         kPattern);
  }
  return pattern;
}

// Experts without gates, chosen by sigmoids with a correction, and one that every token goes to.
MoeSpec mixture(const ConfigReader& config, const std::string& name, Activation activation) {
  constexpr int kSizeMax = 1 << 20;
  MoeSpec moe;
  moe.name = name;
  RouterRule& rule = moe.rule;
  rule.score = RouterRule::Score::sigmoid;
  rule.group_best = 2;
  rule.experts = expert_count(config);
  rule.chosen = config.integer("num_experts_per_tok", 1, rule.experts);
  rule.groups = config.integer("n_group", 1, rule.experts, 1);
  rule.groups_kept = config.integer("topk_group", 1, rule.groups, rule.groups);
  if (rule.experts % rule.groups != 0 || rule.experts / rule.groups * rule.groups_kept < rule.chosen) {
    fail(ErrorCode::corrupt_file, "{}: {} experts in {} groups, of which {} are kept, do not give {} for each token",
         config.file(), rule.experts, rule.groups, rule.groups_kept, rule.chosen);
  }
  rule.is_normalized = config.boolean("norm_topk_prob", true);
  rule.epsilon = 1e-20f;
  rule.scale = static_cast<float>(config.number("routed_scaling_factor", 0, 1e6, 1));
  moe.router = name + ".gate";
  moe.correction = moe.router + ".e_score_correction_bias";
  moe.experts = name + ".experts";
  moe.gate = "";
  moe.width = config.integer("moe_intermediate_size", 1, kSizeMax);
  moe.activation.function = activation;
  if (config.find("moe_latent_size") != nullptr) {
    moe.latent = LatentSpec{.in = name + ".fc1_latent_proj",
                            .out = name + ".fc2_latent_proj",
                            .width = config.integer("moe_latent_size", 1, kSizeMax)};
  }
  moe.shared = SharedExpertSpec{.name = name + ".shared_experts",
                                .width = config.integer("shared_expert_intermediate_size", 1, kSizeMax)};
  return moe;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader given = ConfigReader(source).with(kAliases);
  const Json plain = is_gguf(source) ? with_largest(given, {"num_key_value_heads", "intermediate_size"}) : given.json();
  const ConfigReader config = given.of(plain);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  attention.rope = AttentionSpec::kNoRope;
  const auto epsilon =
      static_cast<float>(config.number(is_gguf(source) ? "rms_norm_eps" : "layer_norm_epsilon", 0, 1, 1e-5));
  Mamba2Spec mamba = describe_mamba2(config, kKeys, decoder.hidden);
  mamba.epsilon = epsilon;
  mamba.step_min = static_cast<float>(config.number("time_step_min", 0, 1e6, 1e-3));
  const Activation activation = read_activation(config, "mlp_hidden_act", "relu2");
  const std::string pattern = is_gguf(source) ? pattern_of_numbers(source, given) : read_pattern(config);
  decoder.norm = {"model.norm", epsilon};
  for (size_t layer = 0; layer < pattern.size(); ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    const std::string part = name + ".mixer";
    const NormSpec norm{name + ".norm", epsilon};
    LayerSpec spec{.mixer = std::monostate()};
    if (pattern[layer] == 'E') {
      spec.mlp_norm = norm;
      spec.mlp = mixture(config, part, activation);
    } else if (pattern[layer] == '-') {
      spec.mlp_norm = norm;
      spec.mlp = PlainMlpSpec{.name = part,
                              .up = {.name = part + ".up_proj"},
                              .down = {.name = part + ".down_proj"},
                              .width = mlp_width(config),
                              .activation = activation};
    } else {
      spec.input_norm = norm;
      name_attention(attention, part);
      mamba.name = part;
      if (pattern[layer] == '*') {
        spec.mixer = attention;
      } else {
        spec.mixer = mamba;
      }
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily nemotron_h;
constinit const ModelFamily nemotron_h = {.name = "nemotron_h",
                                          .architectures = kArchitectures,
                                          .describe = describe,
                                          .naming = {.gguf = kGguf},
                                          .computes = kComputes};

}  // namespace estoc
