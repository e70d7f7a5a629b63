// Checkpoints of families, as large as devices need them, on a device against CPUs, whose answers golden_test.cc holds
// against transformers.
#include <string>
#include <vector>

#include "models/family.h"
#include "models/test_device_player.h"
#include "models/test_tiny_models.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

class DeviceFamilies : public testing::TestWithParam<const char*> {};

// A prompt in pieces, decode steps, both together; all layers there, and each side of every cut.
TEST_P(DeviceFamilies, ComputeWhatTheCpuDoes) {
  const auto weights = open_weights(kGolden + "models/" + GetParam(), naming_rules());
  const auto player = [&](const std::vector<StackPlace>& places) {
    const auto load = [&, places](ThreadTeam& team) {
      return load_model(*weights, team, {.compute = ComputeMode::exact, .places = places});
    };
    return Player(load, KvType::bf16);
  };
  const int layers = describe_model(*weights, ComputeMode::exact).layers;
  const std::vector<std::vector<Piece>> steps = {{{0, 23}}, {{0, 1}}, {{0, 9}}, {{1, 3}, {0, 1}}, {{0, 1}, {1, 1}}};
  std::vector<std::vector<StackPlace>> all = {{{layers, kDevice}}};
  for (int cut = 1; cut < layers; ++cut) {
    all.push_back({{cut}, {layers, kDevice}});
    all.push_back({{cut, kDevice}, {layers}});
  }
  for (const auto& places : all) {
    Player device = player(places), cpu = player({});
    for (size_t i = 0; i < steps.size(); ++i) {
      EXPECT_LT(error_of(device.step(steps[i]), cpu.step(steps[i])), kErrorMax) << "step " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Wide, DeviceFamilies,
                         testing::Values("deepseek_v3_wide_like", "falcon_h1_wide_like", "falcon_mamba_wide_like",
                                         "gemma2_wide_like", "gpt_oss_wide_like", "granite4_wide_like",
                                         "jamba_wide_like", "lfm2_wide_like", "nemotron_h_wide_like",
                                         "qwen3_5_moe_wide_like", "qwen3_moe_fp8_wide_like"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace estoc
