// The Granite 4 family: layers of Mamba-2 with few of attention between them, which mostly are not told positions, and
// Granite's scales of embedding, residual stream, scores and logits. The smallest ones are attention alone, the larger
// ones have experts beside the MLP. GGUF files of Bamba are of this architecture, too.
// Source: transformers models/granitemoehybrid (5.23); checked against tests/golden/.
#include <algorithm>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/layer_numbers.h"
#include "models/llama.h"
#include "models/mamba2_config.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GraniteMoeHybridForCausalLM"};
constexpr GgufRename kRenames[] = {{"ffn_gate", "shared_mlp.gate_proj"},
                                   {"ffn_up", "shared_mlp.up_proj"},
                                   {"ffn_down", "shared_mlp.output_linear"},
                                   {"ffn_gate_shexp", "shared_mlp.gate_proj"},
                                   {"ffn_up_shexp", "shared_mlp.up_proj"},
                                   {"ffn_down_shexp", "shared_mlp.output_linear"},
                                   {"ffn_gate_inp", "block_sparse_moe.router.layer"},
                                   {"ffn_gate_exps", "block_sparse_moe.gate_linear"},
                                   {"ffn_up_exps", "block_sparse_moe.up_linear"},
                                   {"ffn_down_exps", "block_sparse_moe.output_linear"},
                                   {"ssm_in", "mamba.in_proj"},
                                   {"ssm_conv1d", "mamba.conv1d"},
                                   {"ssm_dt", "mamba.dt"},
                                   {"ssm_a", "mamba.A"},
                                   {"ssm_d", "mamba.D"},
                                   {"ssm_norm", "mamba.norm"},
                                   {"ssm_out", "mamba.out_proj"}};
constexpr GgufArchitecture kGguf[] = {{.name = "granitehybrid",
                                       .architecture = "GraniteMoeHybridForCausalLM",
                                       .model_type = "granitemoehybrid",
                                       .has_interleaved_heads = true,
                                       .renames = kRenames}};
constexpr std::string_view kComputes[] = {
    "attention_multiplier",  "embedding_multiplier", "layer_types",
    "logits_scaling",        "num_experts",          "num_local_experts",
    "partial_rotary_factor", "residual_multiplier",  "shared_expert_intermediate_size",
    "ssm_conv_kernel",       "ssm_group_count",      "ssm_inner_size",
    "ssm_state_size",        "ssm_time_step_rank"};
constexpr ConfigAlias kAliases[] = {{"shared_intermediate_size", "shared_expert_intermediate_size"}};
constexpr double kScaleMax = 1e6;

bool is_gguf(const WeightSource& source) { return source.container() == "gguf"; }

// Whether attention is told positions.
bool has_positions(const ConfigReader& config, bool is_gguf) {
  if (is_gguf) return config.boolean("rope_finetuned", true);
  constexpr std::string_view kKey = "position_embedding_type";
  const std::string kind = config.text(kKey, "nope");
  if (kind != "rope" && kind != "nope") {
    fail(ErrorCode::corrupt_file, "{}: {} is '{}', expected rope, nope or null", config.file(), config.spelling(kKey),
         kind.substr(0, 100));
  }
  return kind == "rope";
}

// Gate and up in one tensor, which GGUF has apart.
GatedMlpSpec shared_mlp(const std::string& name, int width, Activation activation, bool is_gguf) {
  GatedMlpSpec mlp = gated_mlp(name, width, activation);
  mlp.down = {.name = name + ".output_linear"};
  if (is_gguf) return mlp;
  mlp.gate = mlp.up = {.name = name + ".input_linear", .tensor_rows = 2 * int64_t{width}};
  mlp.up.first_row = width;
  return mlp;
}

// Experts beside the shared MLP; weights are a softmax over the chosen.
MoeSpec mixture(const ConfigReader& config, const std::string& layer, const GatedMlpSpec& shared, bool is_gguf) {
  const std::string name = layer + ".block_sparse_moe";
  MoeSpec moe;
  moe.name = name;
  moe.rule.score = RouterRule::Score::softmax_of_chosen;
  moe.rule.experts = expert_count(config);
  moe.rule.chosen = config.integer("num_experts_per_tok", 1, moe.rule.experts);
  moe.router = name + ".router.layer";
  moe.experts = name;
  moe.gate = "gate_linear", moe.up = "up_linear", moe.down = "output_linear", moe.gate_up = "input_linear";
  moe.width = mlp_width(config);
  moe.activation.function = shared.activation;
  moe.shared = SharedExpertSpec{
      .name = shared.name, .down = "output_linear", .gate_up = is_gguf ? "" : "input_linear", .width = shared.width};
  return moe;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader given = ConfigReader(source).with(kAliases);
  const Json plain = with_largest(given, {"num_key_value_heads"});
  const ConfigReader config = given.of(plain);
  const int layers = layer_count(config);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  const double usual_scale = is_gguf(source) ? double{attention.scale} : 1;  // where the config does not say
  attention.scale = static_cast<float>(config.number("attention_multiplier", 0, kScaleMax, usual_scale));
  if (has_positions(config, is_gguf(source))) {
    decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim})};
  } else {
    attention.rope = AttentionSpec::kNoRope;
  }
  const std::vector<bool> attends =
      is_gguf(source) ? layers_with_kv_heads(given) : attention_layers(config, "layer_types", layers);
  const bool has_mamba = attends.empty() || std::ranges::find(attends, false) != attends.end();
  const Activation activation = read_activation(config, "hidden_act", "silu");
  constexpr std::string_view kWidth = "shared_expert_intermediate_size";
  const int width = config.integer(kWidth, 1, 1 << 20, is_gguf(source) ? mlp_width(config) : 1024);
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6));
  const bool has_experts = expert_count(config) > 0;
  Mamba2Spec mamba;
  if (has_mamba) mamba = describe_mamba2(config, {}, decoder.hidden);
  mamba.epsilon = epsilon;
  decoder.embedding_scale = static_cast<float>(config.number("embedding_multiplier", 0, kScaleMax, 1));
  decoder.logit_scale = static_cast<float>(1 / config.number("logits_scaling", 1e-6, kScaleMax, 1));
  decoder.norm = {"model.norm", epsilon};
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    LayerSpec spec{.input_norm = NormSpec{name + ".input_layernorm", epsilon},
                   .mlp_norm = NormSpec{name + ".post_attention_layernorm", epsilon},
                   .mlp = shared_mlp(name + ".shared_mlp", width, activation, is_gguf(source)),
                   .residual_scale = static_cast<float>(config.number("residual_multiplier", 0, kScaleMax, 1))};
    if (has_experts) spec.mlp = mixture(config, name, std::get<GatedMlpSpec>(spec.mlp), is_gguf(source));
    if (!attends.empty() && attends[static_cast<size_t>(layer)]) {
      name_attention(attention, name + ".self_attn");
      spec.mixer = attention;
    } else {
      mamba.name = name + ".mamba";
      spec.mixer = mamba;
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily granite_hybrid;
constinit const ModelFamily granite_hybrid = {.name = "granite_hybrid",
                                              .architectures = kArchitectures,
                                              .describe = describe,
                                              .naming = {.gguf = kGguf},
                                              .computes = kComputes};

}  // namespace estoc
