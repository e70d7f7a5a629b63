// Deterministic mode on packed weights: the demo model, when it is there.
#include <filesystem>

#include "base/home_folders.h"
#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "models/test_invariance.h"

namespace estoc {
namespace {

TEST(Invariance, LogitsOfTheDemoModelDoNotDependOnTheCompany) {
  if (!std::filesystem::exists(cache_directory() + "/SmolLM2-135M-Instruct.Q4_1.gguf")) {
    GTEST_SKIP() << "the demo model is not in " << cache_directory();
  }
  const Checkpoint checkpoint = open_checkpoint("demo");
  ThreadTeam team(2);
  for (const Activations activations : {Activations::int8, Activations::int16}) {
    SCOPED_TRACE(activations == Activations::int8 ? "int8" : "int16");
    const auto model = load_model(*checkpoint.weights, team, {.activations = activations, .is_deterministic = true});
    InvarianceProbe probe(*model, KvType::f16, 37);
    probe.expect_same_in_any_company(7);
  }
}

}  // namespace
}  // namespace estoc
