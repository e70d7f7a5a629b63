// The inside of layers with a fixed state equals its reference under the emulator, whatever the order in which threads
// run: gated delta nets, short convolutions, Mamba-2, Mamba.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/conv_checks.h"
#include "gpu/trials/delta_checks.h"
#include "gpu/trials/scan_checks.h"
#include "gpu/trials/ssd_checks.h"

namespace estoc::gpu {
namespace {

struct Setting {
  uint64_t seed;
  EmulatedCard card = EmulatedCard::hopper;
};

class StateKernelsTest : public testing::TestWithParam<Setting> {
 protected:
  StateKernelsTest() : device(emulator(GetParam().card)), module(device, "") { set_emulator_seed(GetParam().seed); }
  ~StateKernelsTest() override { set_emulator_seed(0); }

  static void expect_good(const Check& check) {
    EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error;
  }
  void expect(const DeltaCase& c) { expect_good(check_delta_net(device, module, c, random)); }
  void expect(const ShortConvCase& c) { expect_good(check_short_conv(device, module, c, random)); }
  void expect(const SsdCase& c) { expect_good(check_ssd(device, module, c, random)); }
  void expect(const ScanCase& c) { expect_good(check_selective_scan(device, module, c, random)); }

  Device device;
  Module module;
  Random random{GetParam().seed * 77 + 5};
};

TEST_P(StateKernelsTest, DeltaNetsOfOneRowOfEachSequence) {
  expect(DeltaCase{.states = {.rows = {1, 1, 1}, .further = {1, 1, 1}}});
  expect(DeltaCase{.shape = {2, 4, 1, 128, 64, 4}, .states = {.rows = {1}, .further = {1}}});
}

TEST_P(StateKernelsTest, DeltaNetsOfManyRowsAndWhatIsKeptBetween) {
  expect(DeltaCase{.states = {.rows = {7, 1, 2}, .further = {1, 1, 1}}});
  expect(DeltaCase{.states = {.rows = {1, 3}, .further = {2, 9}}});
  expect(DeltaCase{.shape = {1, 2, 0, 64, 32, 3}, .states = {.rows = {20}, .further = {5}, .has_tiles = true}});
}

TEST_P(StateKernelsTest, ShortConvolutions) {
  expect(ShortConvCase{.states = {.rows = {1, 1, 1}, .further = {1, 1, 1}}});
  expect(ShortConvCase{.columns = 300, .width = 4, .has_bias = true, .states = {.rows = {7, 1}, .further = {1, 2}}});
  expect(ShortConvCase{.width = 8, .states = {.rows = {20, 2}, .further = {5, 1}, .has_tiles = true}});
}

TEST_P(StateKernelsTest, Mamba2) {
  expect(SsdCase{.states = {.rows = {1, 1, 1}, .further = {1, 1, 1}}});
  expect(SsdCase{.shape = {2, 32, 1, 128, 4}, .is_gate_first = false, .states = {.rows = {9, 1}, .further = {1, 17}}});
  expect(SsdCase{
      .shape = {1, 64, 1, 160, 2}, .has_norm = false, .states = {.rows = {20}, .further = {8}, .has_tiles = true}});
}

TEST_P(StateKernelsTest, Mamba) {
  expect(ScanCase{.states = {.rows = {1, 1, 1}, .further = {1, 1, 1}}});
  expect(ScanCase{.shape = {200, 10, 24, 4}, .has_norms = true, .states = {.rows = {9, 1}, .further = {1, 17}}});
  expect(ScanCase{
      .shape = {64, 16, 160, 2}, .has_norms = true, .states = {.rows = {20}, .further = {8}, .has_tiles = true}});
}

INSTANTIATE_TEST_SUITE_P(Schedules, StateKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1}, Setting{0}})));
INSTANTIATE_TEST_SUITE_P(Amd, StateKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1, EmulatedCard::gfx942},
                                                                   Setting{2, EmulatedCard::gfx1100}})));

}  // namespace
}  // namespace estoc::gpu
