// Every kernel equals its reference under the emulator, whatever the order in which threads and blocks run.
#include <gtest/gtest.h>

#include <algorithm>

#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/activate_checks.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {
namespace {

struct Setting {
  uint64_t seed;
  EmulatedCard card = EmulatedCard::hopper;
};

class KernelsTest : public testing::TestWithParam<Setting> {
 protected:
  KernelsTest() : device(emulator(GetParam().card)), module(device, "") { set_emulator_seed(GetParam().seed); }
  ~KernelsTest() override { set_emulator_seed(0); }

  void expect(const Check& check) { EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error; }

  Device device;
  Module module;
  Random random{GetParam().seed * 77 + 5};
};

TEST_P(KernelsTest, RmsNorm) {
  expect(check_rms_norm(device, module, 3, 256, random));
  expect(check_rms_norm(device, module, 2, 577, random));
}

TEST_P(KernelsTest, LinearInEveryFormAndEnd) {
  for (int form = 0; form < kWeightForms; ++form) {
    for (const LinearEnd end : {LinearEnd::store, LinearEnd::residual, LinearEnd::gated}) {
      for (const int tiles : {1, 2}) {
        if (!linear_has_tiles(static_cast<WeightForm>(form), tiles)) continue;
        for (const int count : {1, 5, 8, 11}) {
          LinearCase c{static_cast<WeightForm>(form), end, 48, 192, count, tiles, 2};
          expect(check_linear(device, module, c, random));
        }
      }
    }
  }
}

TEST_P(KernelsTest, LinearWithWarpsThatHaveNoUnitAndManyUnits) {
  expect(check_linear(device, module, {WeightForm::codes4, LinearEnd::store, 16, 64, 2, 1, 8}, random));
  expect(check_linear(device, module, {WeightForm::codes8, LinearEnd::residual, 16, 64, 16, 2, 4}, random));
  expect(check_linear(device, module, {WeightForm::bf16, LinearEnd::gated, 48, 1152, 16, 2, 2}, random));
  expect(check_linear(device, module, {WeightForm::codes4_min, LinearEnd::store, 33, 1088, 1, 2, 16}, random));
  expect(check_linear(device, module, {WeightForm::codes8_16, LinearEnd::gated, 17, 1152, 16, 2, 2}, random));
  expect(check_linear(device, module, {WeightForm::f16, LinearEnd::residual, 33, 1088, 9, 2, 4}, random));
}

TEST_P(KernelsTest, AttentionOverPages) {
  for (const int head_dim : {64, 128}) {
    for (const int splits : {1, 3}) {
      expect(check_attention_decode(device, module, {head_dim, 4, 2, {0, 15, 16, 200}, splits, false}, random));
      expect(check_attention_decode(device, module, {head_dim, 6, 1, {77}, splits, true}, random));
    }
  }
  expect(check_attention_decode(device, module, {64, 8, 1, {1000}, 16, true}, random));
  expect(check_attention_decode(device, module, {128, 3, 3, {130, 64}, 2, false}, random));
}

TEST_P(KernelsTest, AttentionInEightBitsAndOverWindows) {
  for (const int head_dim : {64, 128}) {
    for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
      for (const int window : {0, 1, 16, 37, 150}) {
        if (form == KvForm::bf16 && window == 0) continue;
        AttentionCase c{head_dim, 4, 2, {0, 15, 16, 200, 333}, 1, false, form, window};
        expect(check_attention_decode(device, module, c, random));
        c = {head_dim, 6, 1, {270}, 3, true, form, window};
        expect(check_attention_decode(device, module, c, random));
      }
    }
  }
}

TEST_P(KernelsTest, AttentionWithSinks) {
  AttentionCase c{.head_dim = 64, .heads = 8, .kv_heads = 2, .positions = {0, 40, 200}, .window = 30};
  c.has_sinks = true;
  expect(check_attention_decode(device, module, c, random));
  c = {.head_dim = 128, .heads = 4, .kv_heads = 1, .positions = {300}, .splits = 3, .form = KvForm::int8};
  c.has_sinks = true;
  expect(check_attention_decode(device, module, c, random));
}

TEST_P(KernelsTest, AttentionOfWideHeadsAndOfWidthsBetween) {
  expect(check_attention_decode(device, module, {256, 4, 2, {0, 15, 200}, 1, true}, random));
  expect(check_attention_decode(device, module, {256, 4, 1, {130}, 3, true, KvForm::int8, 37}, random));
  AttentionCase c{.head_dim = 256, .heads = 2, .kv_heads = 1, .positions = {5, 90}, .splits = 2, .has_head_norm = true};
  c.width = 160;
  c.window = 50;
  expect(check_attention_decode(device, module, c, random));
  c = {.head_dim = 128, .heads = 4, .kv_heads = 2, .positions = {0, 77}, .has_head_norm = true, .form = KvForm::int8};
  c.width = 96;
  expect(check_attention_decode(device, module, c, random));
}

TEST_P(KernelsTest, AttentionWithCapsGatesAndNormsOfValues) {
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
    AttentionCase c{.head_dim = 64, .heads = 4, .kv_heads = 2, .positions = {0, 16, 100}, .splits = 2, .form = form};
    c.softcap = 1.5f;
    expect(check_attention_decode(device, module, c, random));
    c.softcap = 0;
    c.has_gate = c.has_value_norm = true;
    c.width = 40;
    expect(check_attention_decode(device, module, c, random));
    expect(check_rope(device, module, c, random));
  }
}

TEST_P(KernelsTest, RopeOfManyRows) {
  for (const KvForm form : {KvForm::bf16, KvForm::int8}) {
    expect(check_rope(device, module, {64, 4, 2, {0, 15, 16, 37, 5}, 1, true, form}, random));
    expect(check_rope(device, module, {128, 3, 1, {9, 40}, 1, false, form}, random));
    expect(check_rope(device, module, {256, 2, 1, {9, 40}, 1, true, form}, random));
  }
}

TEST_P(KernelsTest, EmbeddingInEveryForm) {
  for (int form = 0; form < kWeightForms; ++form) {
    expect(
        check_embed(device, module, {static_cast<WeightForm>(form), 192, 3, 50, form % 2 == 0 ? 1.0f : 2.5f}, random));
  }
}

TEST_P(KernelsTest, PartsThatAreAdded) {
  for (const bool has_norm : {false, true}) {
    expect(check_add_part(device, module, 3, 192, has_norm, true, random));
    expect(check_add_part(device, module, 2, 578, has_norm, false, random));
  }
}

TEST_P(KernelsTest, LogitsThatAreScaledAndCapped) {
  expect(check_cap_logits(device, module, 2, 2500, 3, random));
  expect(check_cap_logits(device, module, 1, 31, 0, random));
}

TEST_P(KernelsTest, GatesOfGelu) {
  LinearCase c{.form = WeightForm::codes4, .end = LinearEnd::gated, .rows = 48, .columns = 192, .count = 3};
  c.is_gelu = true;
  expect(check_linear(device, module, c, random));
}

TEST_P(KernelsTest, PickedRows) {
  expect(check_chosen_tokens(device, module, 9, 70, random));
  expect(check_chosen_tokens(device, module, 1, 1, random));
  expect(check_select_rows(device, module, 3, 192, true, random));
  expect(check_select_rows(device, module, 2, 578, false, random));
}

TEST_P(KernelsTest, GreedyTokens) {
  expect(check_argmax(device, module, 2, 5000, 7, random));
  expect(check_argmax(device, module, 3, 33, 2, random));
}

TEST_P(KernelsTest, RepackKeepsWhatTheFileSays) {
  for (const std::string& format : repack_formats()) {
    expect(check_repack(device, module, format, 21, 512, random));
  }
}

TEST(LinearPlanTest, IsLaunchableAtAnyShapeAndFillsTheCard) {
  for (int f = 0; f < kWeightForms; ++f) {
    const auto form = static_cast<WeightForm>(f);
    for (const int rows : {1, 16, 1024, 2112, 2128, 4096, 151936}) {
      for (const int columns : {64, 1024, 14336}) {
        const LinearPlan plan = linear_plan(form, rows, columns);
        EXPECT_LE(plan.warps * 32, kLinearThreadsMax);
        EXPECT_LE(linear_plan(form, rows, columns, 256).warps, 8);
        EXPECT_EQ(plan.tiles, rows > 132 * 16 || is_rare(form) ? 2 : 1) << rows;
      }
    }
  }
}

TEST_P(KernelsTest, Activations) {
  expect(check_activate(device, module, {.rows = 3, .columns = 640}, random));
  expect(check_activate(device, module, {.rows = 2, .is_squared = false}, random));
  expect(check_activate(device, module, {.rows = 5, .is_squared = false, .is_gelu = true, .has_tiles = true}, random));
}

INSTANTIATE_TEST_SUITE_P(Schedules, KernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1}, Setting{0}, Setting{2}})));
INSTANTIATE_TEST_SUITE_P(Amd, KernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1, EmulatedCard::gfx942},
                                                                   Setting{2, EmulatedCard::gfx1100},
                                                                   Setting{3, EmulatedCard::gfx1201}})));

}  // namespace
}  // namespace estoc::gpu
