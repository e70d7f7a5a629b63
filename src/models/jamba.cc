// The Jamba family: layers of Mamba, whose steps and states have norms, with one of attention without positions between
// every few, and experts in place of the MLP in every second layer.
// Source: transformers models/jamba (5.23); checked against tests/golden/.
#include "base/error.h"
#include "models/family.h"
#include "models/layer_numbers.h"
#include "models/llama.h"
#include "models/mixture.h"
#include "ops/causal_conv.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"JambaForCausalLM"};
constexpr GgufRename kRenames[] = {{"ffn_norm", "pre_ff_layernorm.weight"},
                                   {"ffn_norm.weight", "pre_ff_layernorm.weight"},
                                   {"ffn_gate", "feed_forward.gate_proj"},
                                   {"ffn_up", "feed_forward.up_proj"},
                                   {"ffn_down", "feed_forward.down_proj"},
                                   {"ffn_gate_inp", "feed_forward.router"},
                                   {"ffn_gate_exps", "feed_forward.experts.gate_proj"},
                                   {"ffn_up_exps", "feed_forward.experts.up_proj"},
                                   {"ffn_down_exps", "feed_forward.experts.down_proj"},
                                   {"ssm_in", "mamba.in_proj"},
                                   {"ssm_x", "mamba.x_proj"},
                                   {"ssm_conv1d", "mamba.conv1d"},
                                   {"ssm_dt", "mamba.dt_proj"},
                                   {"ssm_dt_norm", "mamba.dt_layernorm"},
                                   {"ssm_b_norm", "mamba.b_layernorm"},
                                   {"ssm_c_norm", "mamba.c_layernorm"},
                                   {"ssm_a", "mamba.A"},
                                   {"ssm_d", "mamba.D"},
                                   {"ssm_out", "mamba.out_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "jamba", .architecture = "JambaForCausalLM", .model_type = "jamba", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"num_experts", "ssm_conv_kernel", "ssm_inner_size", "ssm_state_size",
                                          "ssm_time_step_rank"};
constexpr ConfigAlias kAliases[] = {
    {"mamba_d_conv", "ssm_conv_kernel"}, {"mamba_d_state", "ssm_state_size"}, {"mamba_dt_rank", "ssm_time_step_rank"}};

bool is_gguf(const WeightSource& source) { return source.container() == "gguf"; }

// For every layer whether it is the `offset`th of its period.
std::vector<bool> periodic_layers(const ConfigReader& config, std::string_view period_key, int period,
                                  std::string_view offset_key, int offset) {
  period = config.integer(period_key, 1, 1024, period);
  offset = config.integer(offset_key, 0, period - 1, offset);
  std::vector<bool> are;
  for (int layer = 0; layer < layer_count(config); ++layer) are.push_back(layer % period == offset);
  return are;
}

MambaSpec describe_mamba(const ConfigReader& config, int hidden, float epsilon) {
  constexpr int kSizeMax = 1 << 17;
  constexpr std::string_view kRank = "ssm_time_step_rank";
  const Json* rank = config.find(kRank);
  const bool is_rank_implied = rank == nullptr || *rank == Json("auto");
  return {.columns = config.integer("ssm_inner_size", 1, kSizeMax, config.integer("mamba_expand", 1, 64, 2) * hidden),
          .state_size = config.integer("ssm_state_size", 1, 1024, 16),
          .step_rank = is_rank_implied ? (hidden + 15) / 16 : config.integer(kRank, 1, kSizeMax),
          .conv_width = config.integer("ssm_conv_kernel", 2, kCausalConvWidthMax, 4),
          .norm_epsilon = epsilon,
          .has_norm_weights = true};
}

MoeSpec mixture(const ConfigReader& config, const std::string& name) {
  MoeSpec moe = read_mixture(config, name);
  moe.router = name + ".router";
  return moe;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader given = ConfigReader(source).with(kAliases);
  const Json plain = with_largest(given, {"num_key_value_heads"});
  const ConfigReader config = given.of(plain);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  attention.rope = AttentionSpec::kNoRope;
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6));
  MambaSpec mamba = describe_mamba(config, decoder.hidden, epsilon);
  const Activation activation = read_activation(config, "hidden_act", "silu");
  if (activation != Activation::silu) {
    fail(ErrorCode::unsupported, "{}: {} is not silu", config.file(), config.spelling("hidden_act"));
  }
  const std::vector<bool> attends = is_gguf(source)
                                        ? layers_with_kv_heads(given)
                                        : periodic_layers(config, "attn_layer_period", 8, "attn_layer_offset", 4);
  const std::vector<bool> chooses = periodic_layers(config, "expert_layer_period", 2, "expert_layer_offset", 1);
  decoder.norm = {"model.norm", epsilon};
  for (size_t layer = 0; layer < attends.size(); ++layer) {
    const std::string name = layer_name(layer), mlp = name + ".feed_forward";
    LayerSpec spec{.input_norm = NormSpec{name + ".input_layernorm", epsilon},
                   .mlp_norm = NormSpec{name + ".pre_ff_layernorm", epsilon},
                   .mlp = gated_mlp(mlp, mlp_width(config), activation)};
    const bool has_experts =
        is_gguf(source) ? source.find(mlp + ".router.weight") != nullptr : chooses[layer] && expert_count(config) > 1;
    if (has_experts) spec.mlp = mixture(config, mlp);
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

extern const ModelFamily jamba;
constinit const ModelFamily jamba = {.name = "jamba",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .naming = {.gguf = kGguf},
                                     .computes = kComputes};

}  // namespace estoc
