#include "serving/weight_choice.h"

#include <gtest/gtest.h>

#include "serving/model_plan.h"
#include "serving/settled.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

const std::string kModel = ESTOC_SOURCE_DIR "/tests/golden/models/smollm2_like";    // bf16
const std::string kWide = ESTOC_SOURCE_DIR "/tests/golden/models/qwen3_tied_like";  // bf16, columns of 32

class WeightChoice : public testing::Test {
 protected:
  WeightType choose(uint64_t memory_bytes) const {
    return choose_weights(settings_, *checkpoint_.weights, describe_model(*checkpoint_.weights, settings_.compute), {},
                          memory_bytes);
  }
  uint64_t bytes(WeightType type) const {
    return describe_model(*checkpoint_.weights, ComputeMode::fast, type).weight_bytes;
  }

  Checkpoint checkpoint_ = open_checkpoint(kWide);
  ModelSettings settings_ = {.engine = {.context = 16}};
};

TEST_F(WeightChoice, IsTheFinestThatFits) {
  const uint64_t kv =
      describe_model(*checkpoint_.weights, ComputeMode::fast).state.position_block_bytes(choose_kv_type(settings_));
  const uint64_t stored = bytes(WeightType::as_stored), int8 = bytes(WeightType::int8), int4 = bytes(WeightType::int4);
  EXPECT_GT(stored, int8);
  EXPECT_GT(int8, int4);
  EXPECT_EQ(choose(stored + kv), WeightType::as_stored);
  EXPECT_EQ(choose(stored + kv - 1), WeightType::int8);
  EXPECT_EQ(choose(int8 + kv), WeightType::int8);
  EXPECT_EQ(choose(int8 + kv - 1), WeightType::int4);
  EXPECT_EQ(choose(0), WeightType::int4);
  settings_.weights = WeightType::as_stored;
  EXPECT_EQ(choose(0), WeightType::as_stored);
  settings_.weights = {};
  settings_.compute = ComputeMode::exact;
  EXPECT_EQ(choose(0), WeightType::as_stored);
}

TEST_F(WeightChoice, RoundingIsNotExact) {
  settings_.weights = WeightType::int8;
  settings_.compute = ComputeMode::exact;
  expect_refused(ErrorCode::invalid_argument, "--weights int8 rounds, and --compute exact does not",
                 [&] { choose(1 << 30); });
}

// Eight bits are nearly nothing, four are something, and what is not rounded is the same.
TEST_F(WeightChoice, DivergenceTellsTheTypesApart) {
  ThreadTeam team(2);
  const auto divergence = [&](WeightType type) {
    const auto model = load_model(*checkpoint_.weights, team, {.weights = type});
    return divergence_from_stored(checkpoint_, *model, settings_, team);
  };
  EXPECT_EQ(divergence(WeightType::as_stored), 0);
  const double int8 = divergence(WeightType::int8), int4 = divergence(WeightType::int4);
  EXPECT_GT(int8, 1e-7);
  EXPECT_LT(int8, 0.02);
  EXPECT_GT(int4, 2 * int8);
  EXPECT_LT(int4, 1);
}

// Rows that are no multiple of 32 stay as they are.
TEST(WeightTypes, NeedGroupsOf32) {
  const Checkpoint checkpoint = open_checkpoint(kModel);
  const auto bytes = [&](WeightType type) {
    return describe_model(*checkpoint.weights, ComputeMode::fast, type).weight_bytes;
  };
  EXPECT_EQ(bytes(WeightType::int8), bytes(WeightType::as_stored));
}

TEST(Settled, HasNothingOpen) {
  const Checkpoint checkpoint = open_checkpoint(kWide);
  const Settled settled = settle({.engine = {.context = 32}}, *checkpoint.weights, 0);
  EXPECT_EQ(settled.settings.weights, WeightType::int4);
  const ModelOptions options = load_options(settled);
  EXPECT_EQ(options.weights, WeightType::int4);
  EXPECT_EQ(options.context, 32);
}

}  // namespace
}  // namespace estoc
