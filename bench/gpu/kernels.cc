// Every kernel at the shapes of models beside the card's own rates: what `estoc bench kernels --device` prints, for a
// machine that has this program only.
#include <cstdio>

#include "gpu/trials/kernel_times.h"
#include "session.h"

namespace estoc::gpu {

bool run_kernels(Session& s) {
  const Roofs roofs = measure_roofs(s.device, s.module, s.is_small, s.random);
  s.read_roof = roofs.read;
  std::printf("= roof: reading %.0f GB/s, copying (read + written) %.0f GB/s, bf16 products %.0f TFLOP/s\n",
              roofs.read * 1e-9, roofs.copy * 1e-9, roofs.products * 1e-12);
  bool is_good = true;
  const auto judge = [&](const Check& check) {
    is_good &= check.is_good();
    if (!check.is_good()) std::printf("! wrong: %s: error %.2e\n", check.name.c_str(), check.error);
  };
  for (const Check& check : roofs.checks) judge(check);
  const KernelTimesPlan plan{.is_small = s.is_small, .filter = s.filter, .wants_more = [&](const std::string&) {
                               return s.seconds_left() > 1;
                             }};
  time_kernels(s.device, s.module, plan, s.random, [&](const KernelTime& time) {
    judge(time.check);
    std::printf("= %-28s %-24s %8.1f us %6.0f GB/s %5.0f TF %3.0f%% of %s\n", time.kernel.c_str(), time.what.c_str(),
                time.seconds * 1e6, time.work.bytes / time.seconds * 1e-9, time.work.flops / time.seconds * 1e-12,
                100 * roofs.seconds(time.work) / time.seconds, roofs.limit_of(time.work));
  });
  return is_good;
}

}  // namespace estoc::gpu
