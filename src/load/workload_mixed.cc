// `mixed`: the categories together, in the shares in which a public chat service might see them.
#include <array>

#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

struct Share {
  std::unique_ptr<Workload> (*make)(const WorkloadOptions& options);
  size_t percent;
};
constexpr Share kShares[] = {
    {short_workload, 35}, {medium_workload, 25}, {multi_turn_workload, 15},  {code_workload, 10},
    {math_workload, 8},   {long_workload, 5},    {long_context_workload, 2},
};

class MixedWorkload final : public Workload {
 public:
  explicit MixedWorkload(const WorkloadOptions& options) : draw_(conversation_seed(options.seed, "mixed", 0)) {
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i] = kShares[i].make(options);
  }

  Conversation next() override {
    size_t at = draw_.below(100);
    size_t part = 0;
    while (at >= kShares[part].percent) at -= kShares[part++].percent;
    return parts_[part]->next();
  }

 private:
  Draw draw_;
  std::array<std::unique_ptr<Workload>, std::size(kShares)> parts_;
};

}  // namespace

std::unique_ptr<Workload> mixed_workload(const WorkloadOptions& options) {
  return std::make_unique<MixedWorkload>(options);
}

}  // namespace estoc
