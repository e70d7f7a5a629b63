// A model on a GPU, or partly, computes what it computes on the CPU, against exact mode: under the emulator, or on a
// card.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/test_directory.h"
#include "base/thread_team.h"
#include "gpu/emulator.h"
#include "models/family.h"
#include "models/model.h"
#include "models/test_random_gguf.h"
#include "weights/test_refusal.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

// Activations are rounded to bf16 on the device, and so are keys and values on both.
constexpr double kErrorMax = 0.02;

// The emulator, or a real device where there is one: ESTOC_TEST_DEVICE=cuda.
const std::string kDevice = [] {
  const char* const named = std::getenv("ESTOC_TEST_DEVICE");
  return std::string(named != nullptr ? named : "emulator");
}();

struct Piece {
  int sequence = 0;
  int rows = 1;
};

class Player {
 public:
  Player(const WeightSource& weights, std::vector<StackPlace> places, int rows_max = 64)
      : model_(load_model(weights, team_, {.compute = ComputeMode::exact, .places = std::move(places)})),
        limits_{.kv_type = KvType::bf16,
                .block_counts = {kBlocks * kSequences},
                .rows_max = rows_max,
                .logit_rows_max = 64},
        kv_(model_->info().state, limits_.kv_type, limits_.block_counts, model_->info().device_layers),
        scratch_(model_->make_scratch(limits_)),
        positions_(kSequences) {}

  // Computes a batch of these pieces of sequences; the logits of every second row and of each last one.
  std::vector<float> step(const std::vector<Piece>& pieces) {
    std::vector<TokenId> tokens;
    std::vector<BatchSequence> sequences;
    std::vector<int32_t> wanted;
    for (const Piece& piece : pieces) {
      int& position = positions_[static_cast<size_t>(piece.sequence)];
      const int first = static_cast<int>(tokens.size());
      sequences.push_back({first, piece.rows, position, table(piece.sequence)});
      for (int r = 0; r < piece.rows; ++r) {
        if (r % 2 == 1 || r + 1 == piece.rows) wanted.push_back(first + r);
        tokens.push_back((position + r) * 37 % model_->info().vocab);
      }
      position += piece.rows;
    }
    std::vector<float> logits(wanted.size() * vocab());
    choices_.assign(wanted.size(), {.draw = draw, .token = {}});
    model_->forward({tokens, sequences, wanted}, kv_, *scratch_, {logits.data(), choices_});
    return logits;
  }

  // Sequence `to` goes on from where `from` is, in blocks of its own.
  void fork(int from, int to) {
    for (size_t b = 0; b < kBlocks; ++b) {
      const BlockCopy copy{.group = 0, .from = table(from)[b], .to = table(to)[b]};
      kv_.copy_block(copy.from, copy.to);
      scratch_->copy_block(copy);
    }
    positions_[static_cast<size_t>(to)] = positions_[static_cast<size_t>(from)];
  }

  size_t vocab() const { return static_cast<size_t>(model_->info().vocab); }
  const std::vector<RowChoice>& choices() const { return choices_; }
  std::optional<RowDraw> draw;

 private:
  static constexpr int kBlocks = 20, kSequences = 20;  // scattered over the pool

  std::span<const BlockId> table(int sequence) {
    std::vector<BlockId>& table = tables_[static_cast<size_t>(sequence)];
    if (table.empty()) {
      for (int b = 0; b < kBlocks; ++b)
        table.push_back(static_cast<BlockId>((b * 7 % kBlocks) * kSequences + sequence));
    }
    return table;
  }

  ThreadTeam team_{2};
  std::unique_ptr<Model> model_;
  RunLimits limits_;
  StateStorage kv_;
  std::unique_ptr<ModelScratch> scratch_;
  std::vector<int> positions_;
  std::array<std::vector<BlockId>, kSequences> tables_;
  std::vector<RowChoice> choices_;
};

double error_of(const std::vector<float>& values, const std::vector<float>& expected) {
  EXPECT_EQ(values.size(), expected.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{values[i]} - expected[i], 2);
    norm += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

struct Shape {
  const char* name;
  RandomGguf model;
};

class DeviceStacks : public testing::TestWithParam<Shape> {
 protected:
  DeviceStacks() { gpu::set_emulator_seed(3); }
  ~DeviceStacks() override { gpu::set_emulator_seed(0); }

  void expect_same(const std::vector<StackPlace>& places, const std::vector<std::vector<Piece>>& steps) {
    Player device(*weights_, places), cpu(*weights_, {});
    for (size_t i = 0; i < steps.size(); ++i) {
      EXPECT_LT(error_of(device.step(steps[i]), cpu.step(steps[i])), kErrorMax) << "step " << i;
    }
  }

  int layers() const { return GetParam().model.layers; }

  const TemporaryDirectory directory_;
  const std::unique_ptr<WeightSource> weights_ =
      open_weights(directory_.write("m.gguf", GetParam().model.text()), naming_rules());
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
  Player device(*weights_, {{layers(), kDevice}}), cpu(*weights_, {});
  for (Player* player : {&device, &cpu}) {
    player->step({{0, 21}});
    player->fork(0, 1);
    player->step({{0, 2}});
  }
  EXPECT_LT(error_of(device.step({{1, 1}, {0, 1}}), cpu.step({{1, 1}, {0, 1}})), kErrorMax);
}

TEST_P(DeviceStacksOfOneForm, TheLargestLogitIsChosenThere) {
  Player device(*weights_, {{layers(), kDevice}}), chooser(*weights_, {{layers(), kDevice}});
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

const Shape kShapes[] = {
    {"bf16", {.format = &bf16}},
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
};

INSTANTIATE_TEST_SUITE_P(Forms, DeviceStacks, testing::ValuesIn(kShapes), name_of);
INSTANTIATE_TEST_SUITE_P(Bf16, DeviceStacksOfOneForm, testing::Values(kShapes[0]), name_of);

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
  refused("has heads not of 64 or 128", {.head_dim = 32});
  refused("'blk.0.attn_q.weight' is f32, which is not computed on a GPU yet (bf16", {.format = &f32});
  refused("has 96 columns, expected a multiple of 64", {.ffn = 96});
  refused("keys and values on a GPU are bf16, not f16", {}, KvType::f16);
}

}  // namespace
}  // namespace estoc
