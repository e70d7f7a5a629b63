// The Falcon-H1 family: attention and Mamba-2 side by side in every layer, then a gated MLP, with a scale at every
// place where one can be, which GGUF files have in their weights.
// Source: transformers models/falcon_h1 (5.23); checked against tests/golden/.
#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mamba2_config.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"FalconH1ForCausalLM"};
// Its converter forgets the end of a norm's name.
constexpr GgufRename kRenames[] = {{"ffn_norm", "pre_ff_layernorm.weight"},
                                   {"ffn_norm.weight", "pre_ff_layernorm.weight"},
                                   {"ffn_gate", "feed_forward.gate_proj"},
                                   {"ffn_up", "feed_forward.up_proj"},
                                   {"ffn_down", "feed_forward.down_proj"},
                                   {"ssm_in", "mamba.in_proj"},
                                   {"ssm_conv1d", "mamba.conv1d"},
                                   {"ssm_dt", "mamba.dt"},
                                   {"ssm_a", "mamba.A"},
                                   {"ssm_d", "mamba.D"},
                                   {"ssm_norm", "mamba.norm"},
                                   {"ssm_out", "mamba.out_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "falcon-h1", .architecture = "FalconH1ForCausalLM", .model_type = "falcon_h1", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"attention_in_multiplier", "attention_out_multiplier", "embedding_multiplier",
                                          "key_multiplier",          "lm_head_multiplier",       "mlp_multipliers",
                                          "ssm_in_multiplier",       "ssm_multipliers",          "ssm_out_multiplier",
                                          "ssm_conv_kernel",         "ssm_group_count",          "ssm_inner_size",
                                          "ssm_state_size",          "ssm_time_step_rank"};
constexpr double kScaleMax = 1e6;

// A GGUF file does not say whether a norm of Mamba-2 comes before its gate.
void refuse_norm_of_gguf(const WeightSource& source) {
  constexpr std::string_view kNorm = "model.layers.0.mamba.norm.weight";
  if (source.container() != "gguf" || source.find(kNorm) == nullptr) return;
  fail(ErrorCode::unsupported,
       "{}: tensor '{}' is not computed: the file does not say whether it comes before the gate", source.path(),
       source.find(kNorm)->source_name);
}

DecoderSpec describe(const WeightSource& source) {
  refuse_norm_of_gguf(source);
  const ConfigReader config(source);
  const auto scale = [&](std::string_view key) {
    return static_cast<float>(config.number(key, -kScaleMax, kScaleMax, 1));
  };
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-5));
  const int inner = config.find("mamba_d_ssm") == nullptr ? 0 : config.integer("mamba_d_ssm", 1, 1 << 20);
  Mamba2Spec mamba = describe_mamba2(config, {}, decoder.hidden, inner);
  mamba.epsilon = epsilon;
  mamba.has_norm = config.boolean("mamba_rms_norm", false);
  mamba.is_gate_first = !config.boolean("mamba_norm_before_gate", true);
  const std::vector<float> parts = read_numbers(config, "ssm_multipliers", 5, -kScaleMax, kScaleMax);
  for (size_t i = 0; i < parts.size(); ++i) mamba.scales[i] = scale("ssm_in_multiplier") * parts[i];
  // Attention is linear in its values, and in queries and keys what scales them scales the scores.
  const float in = scale("attention_in_multiplier");
  attention.scale *= in * in * scale("key_multiplier");
  const std::vector<float> of_mlp = read_numbers(config, "mlp_multipliers", 2, -kScaleMax, kScaleMax);
  const Activation activation = read_activation(config, "hidden_act", "silu");
  decoder.embedding_scale = scale("embedding_multiplier");
  decoder.logit_scale = scale("lm_head_multiplier");
  decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim})};
  decoder.norm = {"model.norm", epsilon};
  for (int layer = 0; layer < layer_count(config); ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    name_attention(attention, name + ".self_attn");
    mamba.name = name + ".mamba";
    GatedMlpSpec mlp = gated_mlp(name + ".feed_forward", mlp_width(config), activation);
    mlp.gate_scale = of_mlp[0];
    decoder.layers.push_back({.input_norm = NormSpec{name + ".input_layernorm", epsilon},
                              .mixer = attention,
                              .second_mixer = mamba,
                              .mlp_norm = NormSpec{name + ".pre_ff_layernorm", epsilon},
                              .mlp = mlp,
                              .mixer_scale = in * scale("attention_out_multiplier"),
                              .second_scale = scale("ssm_out_multiplier"),
                              .mlp_scale = of_mlp[1]});
  }
  return decoder;
}

}  // namespace

extern const ModelFamily falcon_h1;
constinit const ModelFamily falcon_h1 = {.name = "falcon_h1",
                                         .architectures = kArchitectures,
                                         .describe = describe,
                                         .naming = {.gguf = kGguf},
                                         .computes = kComputes};

}  // namespace estoc
