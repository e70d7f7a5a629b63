// Mixtures of experts equal their references under the emulator, whatever the order in which threads and blocks run.
#include <gtest/gtest.h>

#include "gpu/emulator.h"
#include "gpu/source/linear.h"
#include "gpu/test_emulator_runs.h"
#include "gpu/trials/expert_checks.h"

namespace estoc::gpu {
namespace {

struct Setting {
  uint64_t seed;
  EmulatedCard card = EmulatedCard::hopper;
};

class ExpertKernelsTest : public testing::TestWithParam<Setting> {
 protected:
  ExpertKernelsTest() : device(emulator(GetParam().card)), module(device, "") { set_emulator_seed(GetParam().seed); }
  ~ExpertKernelsTest() override { set_emulator_seed(0); }

  void expect(const Check& check) { EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error; }

  Device device;
  Module module;
  Random random{GetParam().seed * 77 + 5};
};

TEST_P(ExpertKernelsTest, RoutesByEveryRule) {
  MixtureCase c{.rows = 5};
  for (const int rows : {1, 5, 16, 70}) {
    c.rows = rows;
    c.is_prompt = rows > 16;
    c.rule = {.score = RouteScore::softmax, .experts = 6, .chosen = 3, .groups = 1, .groups_kept = 1, .scale = 1};
    expect(check_routes(device, module, c, random));
    c.has_shared = true;
    c.rule = {
        .score = RouteScore::softmax_of_chosen, .experts = 37, .chosen = 4, .groups = 1, .groups_kept = 1, .scale = 1};
    c.has_biases = true;
    expect(check_routes(device, module, c, random));
    c.rule = {.score = RouteScore::sigmoid,
              .experts = 40,
              .chosen = 5,
              .groups = 4,
              .groups_kept = 2,
              .group_best = 2,
              .is_normalized = 1,
              .epsilon = 1e-20f,
              .scale = 2.5f};
    c.has_correction = true;
    expect(check_routes(device, module, c, random));
    c.has_biases = c.has_correction = c.has_shared = false;
  }
}

TEST_P(ExpertKernelsTest, FewRowsInEveryForm) {
  for (int form = 0; form < kWeightForms; ++form) {
    MixtureCase c{.form = static_cast<WeightForm>(form), .hidden = 192, .width = 64, .rows = 1 + form * 2};
    c.sample = 60;
    c.has_biases = form % 2 == 0;
    c.has_output = form % 3 == 0;
    expect(check_mixture(device, module, c, random));
  }
}

TEST_P(ExpertKernelsTest, FewRowsWithAllThatThereIs) {
  MixtureCase c{.form = WeightForm::codes4, .hidden = 128, .width = 192, .rows = 3};
  c.sample = 60;
  c.limit = 1;
  c.has_biases = c.has_shared = true;
  c.rule.score = RouteScore::softmax_of_chosen;
  expect(check_mixture(device, module, c, random));
  c.rows = 16;
  c.rule.chosen = 5;
  expect(check_mixture(device, module, c, random));
}

TEST_P(ExpertKernelsTest, ManyRows) {
  for (int form = 0; form < kWeightForms; form += 3) {
    MixtureCase c{.form = static_cast<WeightForm>(form), .hidden = 128, .width = 64, .rows = 20, .is_prompt = true};
    c.sample = 60;
    c.has_biases = c.has_shared = form % 2 == 0;
    c.limit = form == 0 ? 1.0f : 0;
    c.has_output = form == 3;
    expect(check_mixture(device, module, c, random));
    if (GetParam().card != EmulatedCard::hopper) continue;
    c.is_mma = true;
    expect(check_mixture(device, module, c, random));
  }
  MixtureCase many{.form = WeightForm::codes4, .hidden = 128, .width = 64, .rows = 150, .is_prompt = true};
  many.sample = 60;
  expect(check_mixture(device, module, many, random));
}

INSTANTIATE_TEST_SUITE_P(Schedules, ExpertKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1}, Setting{0}})));
INSTANTIATE_TEST_SUITE_P(Amd, ExpertKernelsTest,
                         testing::ValuesIn(emulator_runs<Setting>({Setting{1, EmulatedCard::gfx942},
                                                                   Setting{2, EmulatedCard::gfx1100}})));

}  // namespace
}  // namespace estoc::gpu
