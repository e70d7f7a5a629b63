#include "serving/model_plan.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/kv_sizing.h"

namespace estoc {
namespace {

// One context of 1,024 tokens takes 64 blocks of 64 KiB in f16: 4 MiB.
ModelInfo small_model() {
  ModelInfo info;
  info.context_max = 1024;
  info.state = StateLayout(std::vector<StateSpec>(16, PagedState{2, 32}));
  return info;
}

constexpr uint64_t kMiB = 1 << 20, kContext = 4 * kMiB;

ModelSettings f16_settings() {
  ModelSettings settings;
  settings.kv_type = KvType::f16;
  settings.engine.sequences_max = 8;
  return settings;
}

TEST(ModelPlan, WhatIsLeftOpenIsTheModelsOwn) {
  const ModelPlan plan = plan_model(f16_settings(), small_model(), KvBudget(80 * kMiB, 1));
  EXPECT_EQ(plan.engine.context, 1024);
  EXPECT_EQ(plan.engine.kv_bytes, 20 * kMiB);
  EXPECT_EQ(plan.kv_reason, KvReason::memory);
  EXPECT_EQ(plan.free_bytes, 80 * kMiB);
}

TEST(ModelPlan, MemoryIsNeverLessThanOneContextNorMoreThanAllCanFill) {
  const ModelPlan poor = plan_model(f16_settings(), small_model(), KvBudget(0, 1));
  EXPECT_EQ(poor.engine.kv_bytes, kContext);
  EXPECT_EQ(poor.kv_reason, KvReason::one_context);
  const ModelPlan rich = plan_model(f16_settings(), small_model(), KvBudget(uint64_t{1} << 40, 1));
  EXPECT_EQ(rich.engine.kv_bytes, 8 * kContext);
  EXPECT_EQ(rich.kv_reason, KvReason::all_contexts);
}

// The least that is planned is a pool that an engine can be made with.
TEST(ModelPlan, FixedStatesOfOneSequenceAreAmongTheLeast) {
  ModelInfo info = small_model();
  info.state = StateLayout({PagedState{2, 32}, FixedState{1 << 20}});
  const ModelPlan poor = plan_model(f16_settings(), info, KvBudget(0, 1));
  EXPECT_EQ(poor.kv_reason, KvReason::one_context);
  const std::vector<KvGroup> groups = kv_groups_for(info.state, poor.engine);
  EXPECT_EQ(groups[0].block_count, 64);
  EXPECT_EQ(groups[1].block_count, kStatesMin);
  const ModelPlan rich = plan_model(f16_settings(), info, KvBudget(uint64_t{1} << 40, 1));
  EXPECT_EQ(rich.kv_reason, KvReason::all_contexts);
  EXPECT_EQ(kv_groups_for(info.state, rich.engine)[1].block_count, kStatesASequence * 8);
}

TEST(ModelPlan, WhatIsAskedForIsTaken) {
  ModelSettings settings = f16_settings();
  settings.engine.context = 100;
  settings.engine.kv_bytes = 12345;
  settings.engine.batch_tokens_max = 4;  // a step holds a token of every sequence
  const ModelPlan plan = plan_model(settings, small_model(), KvBudget(0, 1));
  EXPECT_EQ(plan.engine.context, 100);
  EXPECT_EQ(plan.engine.kv_bytes, 12345u);
  EXPECT_EQ(plan.kv_reason, KvReason::asked);
  EXPECT_EQ(plan.engine.batch_tokens_max, 8);
}

TEST(ModelPlan, AContextBeyondTheModelsIsCut) {
  ModelSettings settings = f16_settings();
  settings.engine.context = 5000;
  EXPECT_EQ(plan_model(settings, small_model(), KvBudget(0, 1)).engine.context, 1024);
}

TEST(ModelPlan, ModelsBesideEachOtherShareWhatAllWeightsLeave) {
  ModelInfo heavy = small_model();
  heavy.weight_bytes = 40 * kMiB;
  const std::vector<ModelPlan> even = plan_models({f16_settings(), f16_settings()}, {heavy, small_model()}, {{}, {}},
                                                  120 * kMiB);  // 80 free: parts of 10
  EXPECT_EQ(even[0].engine.kv_bytes, 10 * kMiB);
  EXPECT_EQ(even[1].engine.kv_bytes, 10 * kMiB);
  EXPECT_EQ(even[1].free_bytes, 80 * kMiB);
  ModelSettings greedy = f16_settings();
  greedy.engine.kv_bytes = 15 * kMiB;
  const std::vector<ModelPlan> uneven =
      plan_models({greedy, f16_settings()}, {heavy, small_model()}, {{}, {}}, 120 * kMiB);
  EXPECT_EQ(uneven[1].engine.kv_bytes, 5 * kMiB);
  EXPECT_EQ(plan_models({f16_settings()}, {heavy}, {{}}, kMiB).front().kv_reason, KvReason::one_context);
}

TEST(ModelPlan, SwapSpaceIsBesideDevicesOnly) {
  ModelSettings settings = f16_settings();
  const EngineConfig engine = {.kv_bytes = 16 * kMiB, .kv_type = KvType::f16};
  const ModelInfo model = small_model();
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, false, 40 * kMiB), 0u);
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, true, 40 * kMiB), 10 * kMiB);
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, true, 400 * kMiB), 16 * kMiB);
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, true, 4 * 65535), 0u);  // less than a block
  settings.swap_bytes = 0;
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, true, 40 * kMiB), 0u);
  settings.swap_bytes = 3 * kMiB;
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, true, 40 * kMiB), 3 * kMiB);
  EXPECT_EQ(choose_swap_bytes(settings, model, engine, false, 40 * kMiB), 0u);
}

TEST(ModelPlan, SwapSpaceIsDividedAsTheMemoryIs) {
  ModelInfo info = small_model();
  info.state = StateLayout({PagedState{2, 32}, PagedState{2, 32, 64}, FixedState{1 << 16}});
  EngineConfig engine = {.context = 1024, .sequences_max = 8, .kv_bytes = 4 * kMiB, .kv_type = KvType::f16};
  for (const uint64_t bytes : {uint64_t{80 << 10}, 1 * kMiB, 3 * kMiB, 9 * kMiB}) {
    engine.swap_bytes = bytes;
    uint64_t used = 0, one = 0;
    const std::vector<KvGroup> groups = kv_groups_for(info.state, engine);
    for (size_t g = 0; g < groups.size(); ++g) {
      one += info.state.block_bytes(static_cast<int>(g), engine.kv_type);
      used += info.state.block_bytes(static_cast<int>(g), engine.kv_type) * static_cast<uint64_t>(groups[g].slot_count);
      EXPECT_GE(groups[g].slot_count, 1);
    }
    EXPECT_LE(used, bytes);
    EXPECT_GT(used + one, bytes);
    EXPECT_EQ(slot_counts(groups).size(), 3u);
  }
  engine.swap_bytes = 1000;
  EXPECT_THROW(kv_groups_for(info.state, engine), Error);
  engine.swap_bytes = 0;
  EXPECT_TRUE(slot_counts(kv_groups_for(info.state, engine)).empty());
}

TEST(ModelPlan, ExactModeKeepsKeysAndValuesExact) {
  ModelSettings settings;
  settings.compute = ComputeMode::exact;
  EXPECT_EQ(choose_kv_type(settings), KvType::f32);
  settings.kv_type = KvType::int8;
  EXPECT_EQ(choose_kv_type(settings), KvType::int8);
  settings = {};
  EXPECT_NE(choose_kv_type(settings), KvType::f32);
}

}  // namespace
}  // namespace estoc
