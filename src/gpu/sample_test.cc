// Tokens drawn on the device are the CPU's, under the emulator and whatever the order in which threads run.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/sample_checks.h"

namespace estoc::gpu {
namespace {

class SampleTest : public testing::TestWithParam<uint64_t> {
 protected:
  SampleTest() : device(emulator()), module(device, "") { set_emulator_seed(GetParam()); }
  ~SampleTest() override { set_emulator_seed(0); }

  void expect(const Check& check) { EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error; }

  Device device;
  Module module;
  Random random{GetParam() * 77 + 5};
};

TEST_P(SampleTest, DrawsWhatTheCpuDraws) {
  for (const int columns : {1000, 1, 511, 2049, 7000}) expect(check_sample(device, module, columns, 20, random));
}

TEST_P(SampleTest, OfALargeVocabulary) { expect(check_sample(device, module, 151936, 2, random)); }

INSTANTIATE_TEST_SUITE_P(Schedules, SampleTest, testing::ValuesIn(emulator_runs<uint64_t>({1, 0, 2})));

}  // namespace
}  // namespace estoc::gpu
