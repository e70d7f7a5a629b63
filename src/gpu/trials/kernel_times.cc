#include "gpu/trials/kernel_times.h"

#include <algorithm>

#include "gpu/trials/kernel_shapes.h"
#include "gpu/trials/timing.h"

namespace estoc::gpu {
namespace {

// Launches of one graph: enough that all copies have had their turn and the ends do not count, in about a millisecond.
int launches_of(const TrialWork& work) {
  const double by_bytes = 600e6 / std::max(work.bytes, 1.0), by_flops = 1e12 / std::max(work.flops, 1.0);
  return std::clamp(static_cast<int>(std::min(by_bytes, by_flops)), 4, 200);
}

}  // namespace

void time_kernels(const Device& device, const Module& module, const KernelTimesPlan& plan, Random& random,
                  const std::function<void(const KernelTime&)>& found) {
  for (const KernelShape& shape : kernel_shapes(device, module, plan.is_small)) {
    const std::string name = shape.kernel + " " + shape.what;
    if (name.find(plan.filter) == std::string::npos) continue;
    if (plan.wants_more && !plan.wants_more(name)) return;
    const Trial trial = shape.make(random);
    KernelTime time{shape.kernel, shape.what, trial.check(), 0, trial.work};
    time.seconds = plan.is_small ? seconds_each(device, 1, trial.launch, 1)
                                 : seconds_each(device, launches_of(trial.work), trial.launch);
    found(time);
  }
}

}  // namespace estoc::gpu
