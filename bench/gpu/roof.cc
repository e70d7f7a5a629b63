// How fast this card reads and copies, by a kernel of ours: what every other figure is measured against.
#include <algorithm>
#include <cstdio>

#include "session.h"

namespace estoc::gpu {

bool run_roof(Session& s) {
  const size_t bytes = s.is_small ? 1 << 16 : size_t{2} << 30;
  MatrixPool pool(s, bytes);  // random data: zeros would be faster
  pool.fill(WeightForm::codes8, s.is_small ? 16 : 4096, s.is_small ? 64 : 4096);
  Buffer target(s.device, bytes), sink(s.device, 4);
  const Handle copy = s.function("copy_memory");
  double best[2] = {0, 0};
  for (const bool is_copy : {false, true}) {
    for (const int each : {2, 4, 8}) {
      const double seconds = seconds_each(s, 2, [&](int) {
        const u8* from = pool.matrix(0);
        u8* to = is_copy ? target.as<u8>() : nullptr;
        long pieces = static_cast<long>(bytes / 16);
        u32* at = sink.as<u32>();
        void* arguments[] = {&from, &to, &pieces, &at};
        launch_raw(s.device, copy, {.blocks = s.device.multiprocessors * each, .threads = 512, .may_overlap = false},
                   arguments);
      });
      best[is_copy] = std::max(best[is_copy], static_cast<double>(bytes) * (is_copy ? 2 : 1) / seconds);
    }
  }
  s.read_roof = best[0];
  std::printf("= roof: reading %.0f GB/s, copying (read + written) %.0f GB/s\n", best[0] * 1e-9, best[1] * 1e-9);
  return true;
}

}  // namespace estoc::gpu
