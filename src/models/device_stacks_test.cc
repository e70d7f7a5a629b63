// A model on a GPU, or partly, computes what it computes on the CPU, against exact mode: under the emulator, or on a
// card.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/test_directory.h"
#include "base/thread_team.h"
#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "models/family.h"
#include "models/test_device_player.h"
#include "models/test_random_gguf.h"
#include "weights/test_refusal.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

// A model whose layers from `first_layer` on see a window of positions.
class WindowedWeights final : public WeightSource {
 public:
  WindowedWeights(std::unique_ptr<WeightSource> weights, int window, int first_layer)
      : weights_(std::move(weights)), config_(weights_->config()) {
    config_.set("use_sliding_window", true);
    config_.set("sliding_window", window);
    config_.set("max_window_layers", first_layer);
  }
  const std::string& path() const override { return weights_->path(); }
  std::string_view container() const override { return weights_->container(); }
  const Json& config() const override { return config_; }
  const Json& generation_config() const override { return weights_->generation_config(); }
  std::span<const WeightTensor> tensors() const override { return weights_->tensors(); }
  const WeightTensor* find(std::string_view name) const override { return weights_->find(name); }
  const Metadata* metadata() const override { return weights_->metadata(); }
  const std::list<MappedFile>& files() const override { return weights_->files(); }
  uint64_t file_bytes() const override { return weights_->file_bytes(); }

 private:
  const std::unique_ptr<WeightSource> weights_;
  Json config_;
};

struct Shape {
  const char* name;
  RandomGguf model;
  KvType kv_type = KvType::bf16;
  int window = 0, first_window = 0;  // of the layers from that one on
};

class DeviceStacks : public testing::TestWithParam<Shape> {
 protected:
  DeviceStacks() { gpu::set_emulator_seed(3); }
  ~DeviceStacks() override { gpu::set_emulator_seed(0); }

  void expect_same(const std::vector<StackPlace>& places, const std::vector<std::vector<Piece>>& steps) {
    Player device = player(places), cpu = player({});
    for (size_t i = 0; i < steps.size(); ++i) {
      EXPECT_LT(error_of(device.step(steps[i]), cpu.step(steps[i])), kErrorMax) << "step " << i;
    }
  }

  Player player(const std::vector<StackPlace>& places) {
    const auto load = [&](ThreadTeam& team) {
      return load_model(*weights_, team, {.compute = ComputeMode::exact, .places = places});
    };
    return {load, GetParam().kv_type};
  }
  std::unique_ptr<WeightSource> open() const {
    const Shape& shape = GetParam();
    auto weights = open_weights(directory_.write("m.gguf", shape.model.text()), naming_rules());
    if (shape.window == 0) return weights;
    return std::make_unique<WindowedWeights>(std::move(weights), shape.window, shape.first_window);
  }
  int layers() const { return GetParam().model.layers; }

  const TemporaryDirectory directory_;
  const std::unique_ptr<WeightSource> weights_ = open();
};

// A prompt in uneven pieces, some decode steps, then others beside it and all mixed.
TEST_P(DeviceStacks, ComputeWhatTheCpuDoes) {
  expect_same({{layers(), kDevice}}, {{{0, 45}},
                                      {{0, 3}},
                                      {{0, 1}},
                                      {{0, 1}},
                                      {{1, 20}, {2, 17}},
                                      {{0, 1}, {1, 1}, {2, 1}},
                                      {{0, 1}, {3, 30}, {1, 2}}});
}

// What does not depend on how weights are kept.
using DeviceStacksOfOneForm = DeviceStacks;

TEST_P(DeviceStacksOfOneForm, ShareAModelWithTheCpu) {
  const std::vector<std::vector<Piece>> steps = {{{0, 20}}, {{1, 18}, {0, 1}}, {{0, 1}, {1, 1}}};
  for (int split = 1; split < layers(); ++split) {
    expect_same({{split}, {layers(), kDevice}}, steps);
    expect_same({{split, kDevice}, {layers()}}, steps);
  }
  expect_same({{1, kDevice}, {layers(), kDevice}}, steps);
  expect_same({{1, kDevice}, {2}, {layers(), kDevice}}, steps);
}

TEST_P(DeviceStacksOfOneForm, ShareAModelBetweenTwoDevices) {
  const std::vector<std::vector<Piece>> steps = {{{0, 20}}, {{1, 18}, {0, 1}}, {{0, 1}, {1, 1}}};
  expect_same({{1, "emulator:1"}, {layers(), kDevice}}, steps);
  expect_same({{1, kDevice}, {layers(), "emulator:1"}}, steps);
}

TEST_P(DeviceStacksOfOneForm, ManySequencesDecodeTogether) {
  std::vector<Piece> prompts, all;
  for (int s = 0; s < 19; ++s) {
    prompts.push_back({s, 1 + s % 3});
    all.push_back({s, 1});
  }
  expect_same({{layers(), kDevice}}, {prompts, all, {all.begin(), all.begin() + 16}, {all.begin(), all.begin() + 9}});
}

TEST_P(DeviceStacksOfOneForm, ForkedSequencesGoOnApart) {
  Player device = player({{layers(), kDevice}}), cpu = player({});
  for (Player* player : {&device, &cpu}) {
    player->step({{0, 21}});
    player->fork(0, 1);
    player->step({{0, 2}});
  }
  EXPECT_LT(error_of(device.step({{1, 1}, {0, 1}}), cpu.step({{1, 1}, {0, 1}})), kErrorMax);
}

TEST_P(DeviceStacksOfOneForm, SequencesShareABeginning) {
  Player device = player({{layers(), kDevice}}), cpu = player({});
  for (Player* player : {&device, &cpu}) {
    player->step({{0, 50}});
    player->share_beginning(0, 1, 3);
  }
  for (const auto& pieces : {std::vector<Piece>{{1, 9}, {0, 1}}, {{0, 1}, {1, 1}}}) {
    EXPECT_LT(error_of(device.step(pieces), cpu.step(pieces)), kErrorMax);
  }
}

// Meanwhile its blocks are another's. What comes in may do so at once or as late as it is waited for.
TEST_P(DeviceStacksOfOneForm, ASequenceComesBackFromTheSwapSpace) {
  for (const bool are_late : {false, true}) {
    gpu::set_emulator_late_streams(are_late);
    Player device = player({{layers(), kDevice}}), stays = player({{layers(), kDevice}});
    gpu::set_emulator_late_streams(false);
    for (Player* player : {&device, &stays}) {
      player->step({{0, 45}});
      player->step({{1, 20}});
    }
    device.swap_out(0);
    device.fork(1, 0);
    device.rewind(0, 45);
    EXPECT_EQ(device.step({{1, 1}}), stays.step({{1, 1}}));
    device.swap_in(0);
    EXPECT_EQ(device.step({{1, 1}}), stays.step({{1, 1}}));
    device.await_swap_in();
    EXPECT_EQ(device.step({{0, 1}, {1, 1}}), stays.step({{0, 1}, {1, 1}}));
  }
}

TEST_P(DeviceStacksOfOneForm, ALongSequenceInPieces) {
  std::vector<std::vector<Piece>> steps(5, {{0, 60}});
  steps.insert(steps.end(), {{{0, 1}}, {{0, 1}, {1, 40}}, {{0, 1}, {1, 1}}});
  expect_same({{layers(), kDevice}}, steps);
}

TEST_P(DeviceStacksOfOneForm, TheLargestLogitIsChosenThere) {
  Player device = player({{layers(), kDevice}}), chooser = player({{layers(), kDevice}});
  chooser.draw = RowDraw{};
  for (const std::vector<Piece>& pieces : {std::vector<Piece>{{0, 18}}, {{0, 1}}, {{0, 1}, {1, 5}}}) {
    const std::vector<float> logits = device.step(pieces);
    chooser.step(pieces);
    for (size_t row = 0; row < chooser.choices().size(); ++row) {
      const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(row * device.vocab());
      const auto largest = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(device.vocab()));
      EXPECT_EQ(chooser.choices()[row].token, static_cast<TokenId>(largest - begin));
    }
  }
}

const auto name_of = [](const auto& info) { return std::string(info.param.name); };

const std::vector<Shape> kShapes = {
    {"bf16", {.format = &bf16}},
    {"q4_0_in_windows",
     {.format = find_format("q4_0"), .layers = 2, .heads = 4, .kv_heads = 1, .head_dim = 128, .has_head_norms = true},
     KvType::bf16,
     21},
    {"bf16_with_biases", {.format = &bf16, .layers = 2, .has_biases = true}},
    {"f16", {.format = find_format("f16"), .layers = 2}},
    {"q4_0_with_head_norms",
     {.format = find_format("q4_0"), .layers = 2, .heads = 4, .kv_heads = 1, .head_dim = 128, .has_head_norms = true}},
    {"q8_0_with_a_head", {.format = find_format("q8_0"), .layers = 2, .has_head = true}},
    {"q4_k_and_q8_0",
     {.format = find_format("q4_k"),
      .value_format = find_format("q8_0"),
      .layers = 2,
      .hidden = 256,
      .heads = 4,
      .kv_heads = 4,
      .ffn = 256}},
    {"q5_k_and_q6_k",
     {.format = find_format("q5_k"),
      .value_format = find_format("q6_k"),
      .layers = 2,
      .hidden = 256,
      .heads = 4,
      .kv_heads = 2,
      .ffn = 256}},
    {"bf16_with_keys_in_8_bits", {.format = &bf16, .layers = 2}, KvType::int8},
};

const RandomGguf kThreeLayers = {.format = &bf16, .has_head_norms = true};
const std::vector<Shape> kShapesOfOneForm = {
    {"last_layers_in_windows_and_8_bits", kThreeLayers, KvType::int8, 21, 1},
    kShapes[0],
    {"last_layers_in_windows", kThreeLayers, KvType::bf16, 21, 1},
};

INSTANTIATE_TEST_SUITE_P(Forms, DeviceStacks, testing::ValuesIn(gpu::emulator_runs(kShapes, 2)), name_of);
INSTANTIATE_TEST_SUITE_P(Bf16, DeviceStacksOfOneForm, testing::ValuesIn(gpu::emulator_runs(kShapesOfOneForm)), name_of);

TEST(DeviceStack, RefusesWhatItDoesNotCompute) {
  ThreadTeam team(1);
  const TemporaryDirectory directory;
  const auto refused = [&](const char* sentence, const RandomGguf& model, KvType kv_type = KvType::bf16) {
    const auto weights = open_weights(directory.write("m.gguf", model.text()), naming_rules());
    expect_refused(ErrorCode::unsupported, sentence, [&] {
      load_model(*weights, team, {.places = {{model.layers, kDevice}}})
          ->make_scratch({.kv_type = kv_type, .block_counts = {4}});
    });
  };
  refused("has heads not of a multiple of 4 up to 256", {.head_dim = 512});
  refused("'blk.0.attn_q.weight' is f32, which is not computed on a GPU yet (bf16", {.format = &f32});
  refused("has 96 columns, expected a multiple of 64", {.ffn = 96});
  refused("keys and values on a GPU are bf16 or int8, not f16", {}, KvType::f16);
}

}  // namespace
}  // namespace estoc
