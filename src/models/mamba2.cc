// The Mamba-2 family: layers of Mamba-2 alone, with a norm before each. No positions, no attention.
// Source: transformers models/mamba2 (5.23); checked against tests/golden/.
#include "models/mamba2_config.h"

#include "models/family.h"
#include "models/mixer_layers.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Mamba2ForCausalLM"};
constexpr Mamba2Keys kKeys = {.heads = "num_heads",
                              .head_dim = "head_dim",
                              .groups = "n_groups",
                              .state_size = "state_size",
                              .conv_width = "conv_kernel",
                              .expand = "expand"};

constexpr GgufRename kRenames[] = {
    {"attn_norm", "norm"}, {"ssm_in", "mixer.in_proj"}, {"ssm_conv1d", "mixer.conv1d"}, {"ssm_dt", "mixer.dt"},
    {"ssm_a", "mixer.A"},  {"ssm_d", "mixer.D"},        {"ssm_norm", "mixer.norm"},     {"ssm_out", "mixer.out_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "mamba2", .architecture = "Mamba2ForCausalLM", .model_type = "mamba2", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"ssm_conv_kernel", "ssm_group_count", "ssm_inner_size", "ssm_state_size",
                                          "ssm_time_step_rank"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  const bool is_gguf = source.container() == "gguf";
  DecoderSpec decoder = describe_sizes(config);
  const auto epsilon = static_cast<float>(config.number(is_gguf ? "rms_norm_eps" : "layer_norm_epsilon", 0, 1, 1e-5));
  Mamba2Spec mamba = describe_mamba2(config, kKeys, decoder.hidden);
  mamba.epsilon = epsilon;
  add_mixer_layers(config, epsilon, mamba, decoder);
  return decoder;
}

}  // namespace

extern const ModelFamily mamba2;
constinit const ModelFamily mamba2 = {.name = "mamba2",
                                      .architectures = kArchitectures,
                                      .describe = describe,
                                      .naming = {.gguf = kGguf},
                                      .computes = kComputes};

}  // namespace estoc
