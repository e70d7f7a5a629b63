// The Mamba family: layers of Mamba alone, with a norm before each; Falcon-Mamba norms what steps and states are made
// of, too. No positions, no attention.
// Source: transformers models/mamba and models/falcon_mamba (5.23); checked against tests/golden/.
#include "base/error.h"
#include "models/family.h"
#include "models/mixer_layers.h"
#include "ops/causal_conv.h"

namespace estoc {
namespace {

constexpr std::string_view kFalcon = "FalconMambaForCausalLM";
constexpr std::string_view kArchitectures[] = {"MambaForCausalLM", kFalcon};
constexpr GgufRename kRenames[] = {
    {"attn_norm", "norm"},       {"ssm_in", "mixer.in_proj"}, {"ssm_x", "mixer.x_proj"}, {"ssm_conv1d", "mixer.conv1d"},
    {"ssm_dt", "mixer.dt_proj"}, {"ssm_a", "mixer.A"},        {"ssm_d", "mixer.D"},      {"ssm_out", "mixer.out_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "mamba", .architecture = "MambaForCausalLM", .model_type = "mamba", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"ssm_conv_kernel", "ssm_dt_b_c_rms", "ssm_inner_size", "ssm_state_size",
                                          "ssm_time_step_rank"};
constexpr ConfigAlias kAliases[] = {{"state_size", "ssm_state_size"},
                                    {"conv_kernel", "ssm_conv_kernel"},
                                    {"time_step_rank", "ssm_time_step_rank"},
                                    {"layer_norm_epsilon", "rms_norm_eps"}};

int step_rank(const ConfigReader& config, int hidden, int most) {
  constexpr std::string_view kKey = "ssm_time_step_rank";
  const Json* rank = config.find(kKey);
  const bool is_implied = rank == nullptr || *rank == Json("auto");
  return is_implied ? (hidden + 15) / 16 : config.integer(kKey, 1, most);
}

MambaSpec describe_mixer(const ConfigReader& config, int hidden, bool is_falcon) {
  constexpr int kSizeMax = 1 << 16;
  MambaSpec mamba;
  mamba.columns = config.integer("ssm_inner_size", 1, 2 * kSizeMax, config.integer("expand", 1, 64, 2) * hidden);
  mamba.state_size = config.integer("ssm_state_size", 1, 1024, 16);
  mamba.step_rank = step_rank(config, hidden, kSizeMax);
  mamba.conv_width = config.integer("ssm_conv_kernel", 2, kCausalConvWidthMax, 4);
  if (is_falcon) mamba.norm_epsilon = static_cast<float>(config.number("mixer_rms_eps", 0, 1, 1e-6));
  if (read_activation(config, "hidden_act", "silu") != Activation::silu) {
    fail(ErrorCode::unsupported, "{}: {} '{}' is not supported in Mamba layers, expected silu", config.file(),
         config.spelling("hidden_act"), config.text("hidden_act", "silu").substr(0, 100));
  }
  return mamba;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config = ConfigReader(source).with(kAliases);
  DecoderSpec decoder = describe_sizes(config);
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-5));
  const bool is_falcon = config.json().find("architectures")->as_array()[0] == Json(std::string(kFalcon)) ||
                         config.boolean("ssm_dt_b_c_rms", false);
  MambaSpec mamba = describe_mixer(config, decoder.hidden, is_falcon);
  add_mixer_layers(config, epsilon, mamba, decoder);
  return decoder;
}

}  // namespace

extern const ModelFamily mamba;
constinit const ModelFamily mamba = {.name = "mamba",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .naming = {.gguf = kGguf},
                                     .computes = kComputes};

}  // namespace estoc
