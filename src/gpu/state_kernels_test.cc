// The inside of gated delta nets equals its reference under the emulator, whatever the order in which threads run.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/delta_checks.h"

namespace estoc::gpu {
namespace {

struct Setting {
  uint64_t seed;
  EmulatedCard card = EmulatedCard::hopper;
};

class DeltaKernelsTest : public testing::TestWithParam<Setting> {
 protected:
  DeltaKernelsTest() : device(emulator(GetParam().card)), module(device, "") { set_emulator_seed(GetParam().seed); }
  ~DeltaKernelsTest() override { set_emulator_seed(0); }

  void expect(const DeltaCase& c) {
    const Check check = check_delta_net(device, module, c, random);
    EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error;
  }

  Device device;
  Module module;
  Random random{GetParam().seed * 77 + 5};
};

TEST_P(DeltaKernelsTest, OneRowOfEachSequence) {
  expect({.rows = {1, 1, 1}, .further = {1, 1, 1}});
  expect({.shape = {2, 4, 1, 128, 64, 4}, .rows = {1}, .further = {1}});
}

TEST_P(DeltaKernelsTest, ManyRowsAndWhatIsKeptBetween) {
  expect({.rows = {7, 1, 2}, .further = {1, 1, 1}});
  expect({.rows = {1, 3}, .further = {2, 9}});
  expect({.shape = {1, 2, 0, 64, 32, 3}, .rows = {20}, .further = {5}, .has_tiles = true});
}

INSTANTIATE_TEST_SUITE_P(Schedules, DeltaKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1}, Setting{0}})));
INSTANTIATE_TEST_SUITE_P(Amd, DeltaKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1, EmulatedCard::gfx942},
                                                                   Setting{2, EmulatedCard::gfx1100}})));

}  // namespace
}  // namespace estoc::gpu
