// Deterministic mode: what else is in the batch does not change a bit of a sequence's logits.
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "models/family.h"
#include "models/test_invariance.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

class Invariance : public testing::TestWithParam<const char*> {};

TEST_P(Invariance, LogitsDoNotDependOnTheCompany) {
  const auto weights = open_weights(std::string(ESTOC_SOURCE_DIR "/tests/golden/models/") + GetParam(), naming_rules());
  ThreadTeam team(2);
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    if (!kernels::force_isa(static_cast<kernels::Isa>(level))) continue;
    SCOPED_TRACE(kernels::isa_name(static_cast<kernels::Isa>(level)));
    for (const ComputeMode mode : {ComputeMode::exact, ComputeMode::fast}) {
      SCOPED_TRACE(mode == ComputeMode::exact ? "exact" : "fast");
      const auto model = load_model(*weights, team, {.compute = mode, .is_deterministic = true});
      InvarianceProbe probe(*model, mode == ComputeMode::exact ? KvType::f32 : KvType::f16, 70);
      probe.expect_same_in_any_company();
    }
  }
  kernels::force_isa(kernels::best_isa());
}

INSTANTIATE_TEST_SUITE_P(TinyModels, Invariance,
                         testing::Values("llama2_like", "llama3_like", "mistral_like", "smollm2_like",
                                         "tinyllama_like"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace estoc
