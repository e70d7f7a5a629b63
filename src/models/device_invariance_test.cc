// Deterministic mode on a device: what else is in the batch does not change a bit of a sequence's logits.
#include <cstdlib>

#include "base/test_directory.h"
#include "base/thread_team.h"
#include "gpu/test_emulator_runs.h"
#include "models/family.h"
#include "models/test_invariance.h"
#include "models/test_random_gguf.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

class DeviceInvariance : public testing::TestWithParam<RandomGguf> {};

// Batches of up to 64, 128 and more rows, for which products take other tiles.
TEST_P(DeviceInvariance, LogitsDoNotDependOnTheCompany) {
  const char* const named = std::getenv("ESTOC_TEST_DEVICE");
  const TemporaryDirectory directory;
  const auto weights = open_weights(directory.write("m.gguf", GetParam().text()), naming_rules());
  ThreadTeam team(2);
  const auto model =
      load_model(*weights, team,
                 {.is_deterministic = true, .places = {{GetParam().layers, named != nullptr ? named : "emulator"}}});
  InvarianceProbe probe(*model, KvType::bf16, 37);
  probe.expect_same({.chunks = {30, 1}}, 1);
  probe.expect_same({.chunks = {7}, .neighbours = 3, .neighbour_rows = 1, .wants_all = false}, 2);
  probe.expect_same({.chunks = {36, 1}, .neighbours = 19, .neighbour_rows = 6}, 3);
  probe.expect_same({.chunks = {36, 1}, .neighbours = 40, .neighbour_rows = 6}, 4);
}

const std::vector<RandomGguf> kModels = {{.format = find_format("q4_0"), .layers = 1, .has_head_norms = true},
                                         {.format = find_format("bf16"), .layers = 1},
                                         {.format = find_format("f16"), .layers = 1}};

INSTANTIATE_TEST_SUITE_P(Forms, DeviceInvariance, testing::ValuesIn(gpu::emulator_runs(kModels)));

}  // namespace
}  // namespace estoc
