// The form that kernels take on AMD cards: which lane is which thread, and products made of those cards' instructions.
// Decode kernels run on all cards in kernels_test.cc.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/source/amd_wave.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/sample_checks.h"

namespace estoc::gpu {
namespace {

TEST(AmdWaveTest, ALaneIsOneThreadAndAnExchangeStaysWithItsTwin) {
  for (int lane = 0; lane < 64; ++lane) {
    EXPECT_EQ(wave64_lane(wave64_thread(lane), wave64_twin(lane)), lane);
    for (int mask = 0; mask < 32; ++mask) {
      const int other = wave64_xor(lane, mask);
      EXPECT_EQ(wave64_thread(other), wave64_thread(lane) ^ mask);
      EXPECT_EQ(wave64_twin(other), wave64_twin(lane));
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(wave32_lane(wave32_thread(lane)), lane);
    for (int mask = 0; mask < 32; ++mask) EXPECT_EQ(wave32_thread(wave32_xor(lane, mask)), wave32_thread(lane) ^ mask);
  }
}

// amdgcn.h exchanges between these by instructions that know lanes only by their number.
TEST(AmdWaveTest, NeighboursAreWhereTheirInstructionsReach) {
  for (int lane = 0; lane < 64; ++lane) {
    EXPECT_EQ(wave64_thread(lane ^ 2), wave64_thread(lane));
    EXPECT_NE(wave64_twin(lane ^ 2), wave64_twin(lane));
  }
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(wave32_thread(lane ^ 1), wave32_thread(lane) ^ 1);
    EXPECT_EQ(wave32_thread(lane ^ 16), wave32_thread(lane) ^ 2);
  }
}

class AmdKernelsTest : public testing::TestWithParam<EmulatedCard> {
 protected:
  AmdKernelsTest() : device(emulator(GetParam())), module(device, "") { set_emulator_seed(4); }
  ~AmdKernelsTest() override { set_emulator_seed(0); }

  void expect(const Check& check) { EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error; }

  Device device;
  Module module;
  Random random{7};
};

TEST_P(AmdKernelsTest, KnowsItsWaves) {
  EXPECT_EQ(device.wave_lanes, GetParam() == EmulatedCard::gfx942 ? 64 : 32);
  EXPECT_EQ(device.capability, 0);
  EXPECT_EQ(module.find("gemm_bf16_store_n128"), nullptr);  // of warpgroup products there is none
}

TEST_P(AmdKernelsTest, Gemm) {
  for (int f = 0; f < kWeightForms; ++f) {
    expect(check_gemm(device, module, {static_cast<WeightForm>(f), GemmEndKind::store, 128, 64, 60}, random));
  }
  expect(check_gemm(device, module, {WeightForm::codes4, GemmEndKind::gated, 128, 64, 60}, random));
  expect(check_gemm(device, module, {WeightForm::bf16, GemmEndKind::residual, 140, 128, 9, 64, 2, 2}, random));
}

TEST_P(AmdKernelsTest, AttentionOfPrompts) {
  expect(check_attention_prompt(device, module, {128, 4, 1, 150, 40, 0, 24}, random));
  expect(check_attention_prompt(device, module, {64, 4, 2, 300, 33, 100, 24}, random));
  AttentionPromptCase c{.head_dim = 128, .heads = 2, .kv_heads = 1, .context = 90, .tokens = 20, .sample = 24};
  c.softcap = 1.5f;
  c.has_gate = true;
  expect(check_attention_prompt(device, module, c, random));
  EXPECT_EQ(module.find("attention_prompt_256"), nullptr);  // registers would not do
}

TEST_P(AmdKernelsTest, NormIntoTilesAndDraws) {
  expect(check_token_norm(device, module, 9, 192, ColumnOrder::paired, random));
  expect(check_sample(device, module, 2049, 4, random));
}

INSTANTIATE_TEST_SUITE_P(Cards, AmdKernelsTest,
                         testing::ValuesIn(emulator_runs<EmulatedCard>({EmulatedCard::gfx1100, EmulatedCard::gfx942,
                                                                        EmulatedCard::gfx1201})));

}  // namespace
}  // namespace estoc::gpu
