// Latent attention's kernels equal their reference under the emulator, whatever the order in which threads run.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/latent_checks.h"

namespace estoc::gpu {
namespace {

struct Setting {
  uint64_t seed;
  EmulatedCard card = EmulatedCard::hopper;
};

class LatentKernelsTest : public testing::TestWithParam<Setting> {
 protected:
  LatentKernelsTest() : device(emulator(GetParam().card)), module(device, "") { set_emulator_seed(GetParam().seed); }
  ~LatentKernelsTest() override { set_emulator_seed(0); }

  void expect(const LatentCase& c) {
    const Check check = check_latent_attention(device, module, c, random);
    EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error;
  }

  Device device;
  Module module;
  Random random{GetParam().seed * 77 + 5};
};

TEST_P(LatentKernelsTest, LastRowsOfSequences) {
  expect({.lengths = {1, 17, 70}});
  expect({.shape = {.heads = 17, .query_rank = 0, .latent_dim = 128, .turned_dim = 64, .key_dim = 128, .value_dim = 64},
          .lengths = {100},
          .is_interleaved = true,
          .growth = 0.1f});
}

TEST_P(LatentKernelsTest, SplitsAreMerged) {
  expect({.lengths = {200, 3}, .splits = 2});
  expect({.lengths = {260}, .splits = 4});
}

TEST_P(LatentKernelsTest, Prompts) { expect({.lengths = {66, 5}, .is_prompt = true}); }

TEST_P(LatentKernelsTest, TheWidestLatents) {
  expect({.shape = {.heads = 2, .query_rank = 0, .latent_dim = 512, .turned_dim = 64, .key_dim = 64, .value_dim = 8},
          .lengths = {40},
          .splits = 2});
}

INSTANTIATE_TEST_SUITE_P(Schedules, LatentKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1}, Setting{0}})));
INSTANTIATE_TEST_SUITE_P(Amd, LatentKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1, EmulatedCard::gfx942},
                                                                   Setting{2, EmulatedCard::gfx1100}})));

}  // namespace
}  // namespace estoc::gpu
