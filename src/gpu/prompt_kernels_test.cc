// The kernels of prompts equal their references under the emulator, whatever the order in which threads run.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/prompt_checks.h"

namespace estoc::gpu {
namespace {

class PromptKernelsTest : public testing::TestWithParam<uint64_t> {
 protected:
  PromptKernelsTest() : device(emulator()), module(device, "") { set_emulator_seed(GetParam()); }
  ~PromptKernelsTest() override { set_emulator_seed(0); }

  void expect(const Check& check) { EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error; }

  Device device;
  Module module;
  Random random{GetParam() * 77 + 5};
};

TEST_P(PromptKernelsTest, GemmInEveryFormAndEnd) {
  for (int f = 0; f < kWeightForms; ++f) {
    const auto form = static_cast<WeightForm>(f);
    const int tokens = gemm_has_kernel(form, 64, device.capability) ? 64 : 128;
    expect(check_gemm(device, module, {form, GemmEndKind::store, 128, 192, 70, tokens, 1, 1}, random));
    expect(check_gemm(device, module, {form, GemmEndKind::residual, 144, 128, 100, 128, 1, 2}, random));
    expect(check_gemm(device, module, {form, GemmEndKind::gated, 128, 128, 60, tokens, 1, 1}, random));
  }
}

TEST_P(PromptKernelsTest, GemmWithoutWarpgroupProducts) {
  for (int f = 0; f < kWeightForms; ++f) {
    const auto form = static_cast<WeightForm>(f);
    expect(check_gemm(device, module, {form, GemmEndKind::store, 140, 192, 70, 64, 1, 2, 0, true}, random));
    expect(check_gemm(device, module, {form, GemmEndKind::residual, 128, 320, 9, 64, 3, 2, 0, true}, random));
    expect(check_gemm(device, module, {form, GemmEndKind::gated, 128, 128, 60, 64, 1, 1, 0, true}, random));
  }
}

TEST_P(PromptKernelsTest, GemmWithManyTokensAndPartsOfColumns) {
  expect(check_gemm(device, module, {WeightForm::bf16, GemmEndKind::store, 128, 64, 130, 256, 1, 1}, random));
  expect(check_gemm(device, module, {WeightForm::codes4, GemmEndKind::store, 100, 320, 20, 64, 3, 2}, random));
  expect(check_gemm(device, module, {WeightForm::codes8, GemmEndKind::residual, 128, 64, 30, 256, 1, 1}, random));
  expect(check_gemm(device, module, {WeightForm::codes4_min, GemmEndKind::gated, 128, 128, 30, 256, 2, 1}, random));
}

TEST_P(PromptKernelsTest, GemmComputesHalfATileWhereNoMoreIsLeft) {
  expect(check_gemm(device, module, {WeightForm::bf16, GemmEndKind::residual, 256, 128, 300, 256, 2, 2, 400}, random));
  expect(check_gemm(device, module, {WeightForm::codes4, GemmEndKind::store, 256, 192, 384, 256, 1, 2, 400}, random));
  expect(check_gemm(device, module, {WeightForm::codes8, GemmEndKind::gated, 256, 128, 265, 256, 1, 1, 400}, random));
  expect(check_gemm(device, module, {WeightForm::bf16, GemmEndKind::gated, 128, 128, 385, 256, 1, 1, 400}, random));
}

// Blocks that share tokens; in the last case three of four have no rows.
TEST_P(PromptKernelsTest, GemmInClusters) {
  const auto in_clusters = [&](GemmCase c, int cluster) {
    c.cluster = cluster;
    expect(check_gemm(device, module, c, random));
  };
  in_clusters({WeightForm::bf16, GemmEndKind::residual, 256, 640, 150, 128, 1, 4}, 2);
  in_clusters({WeightForm::codes4, GemmEndKind::gated, 256, 128, 70, 64, 1, 2}, 2);
  in_clusters({WeightForm::codes8, GemmEndKind::store, 400, 320, 30, 64, 1, 4}, 4);
  in_clusters({WeightForm::bf16, GemmEndKind::store, 130, 64, 100, 256, 1, 4}, 4);
}

TEST_P(PromptKernelsTest, GatesOfGelu) {
  GemmCase c{.form = WeightForm::bf16, .end = GemmEndKind::gated, .rows = 128, .columns = 128, .count = 20};
  c.is_gelu = true;
  expect(check_gemm(device, module, c, random));
  c.is_mma = true;
  expect(check_gemm(device, module, c, random));
}

TEST_P(PromptKernelsTest, NormIntoTiles) {
  expect(check_token_norm(device, module, 70, 128, ColumnOrder::plain, random));
  expect(check_token_norm(device, module, 9, 192, ColumnOrder::paired, random));
  expect(check_token_norm(device, module, 2, 2112, ColumnOrder::paired, random));
}

TEST_P(PromptKernelsTest, AttentionOfPrompts) {
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
    for (const bool is_mma : {false, true}) {
      expect(check_attention_prompt(device, module, {128, 4, 1, 150, 40, 0, 24, is_mma, form}, random));
      expect(check_attention_prompt(device, module, {64, 4, 2, 420, 33, 0, 24, is_mma, form}, random));
      expect(check_attention_prompt(device, module, {128, 2, 1, 420, 20, 100, 24, is_mma, form}, random));
      expect(check_attention_prompt(device, module, {64, 3, 3, 20, 20, 0, 24, is_mma, form}, random));
    }
  }
}

TEST_P(PromptKernelsTest, AttentionOfWideHeadsWithCapsAndGates) {
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
    AttentionPromptCase c{.head_dim = 256, .heads = 4, .kv_heads = 2, .context = 150, .tokens = 40, .sample = 24};
    c.form = form;
    expect(check_attention_prompt(device, module, c, random));
    c.softcap = 1.5f;
    c.window = 60;
    expect(check_attention_prompt(device, module, c, random));
    c.softcap = 0;
    c.has_gate = true;
    c.width = 192;
    expect(check_attention_prompt(device, module, c, random));
  }
  AttentionPromptCase c{.head_dim = 128, .heads = 4, .kv_heads = 1, .context = 200, .tokens = 33, .sample = 24};
  c.softcap = 2;
  expect(check_attention_prompt(device, module, c, random));
  c.softcap = 0;
  c.has_gate = true;
  for (const bool is_mma : {false, true}) {
    c.is_mma = is_mma;
    c.width = 96;
    expect(check_attention_prompt(device, module, c, random));
  }
}

TEST_P(PromptKernelsTest, AttentionWithSinks) {
  AttentionPromptCase c{.head_dim = 64, .heads = 8, .kv_heads = 2, .context = 200, .tokens = 30, .window = 100};
  c.sample = 40;
  c.has_sinks = true;
  expect(check_attention_prompt(device, module, c, random));
  c.is_mma = true;
  expect(check_attention_prompt(device, module, c, random));
}

INSTANTIATE_TEST_SUITE_P(Schedules, PromptKernelsTest, testing::ValuesIn(emulator_runs<uint64_t>({1, 0})));

}  // namespace
}  // namespace estoc::gpu
