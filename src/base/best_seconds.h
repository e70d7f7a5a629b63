// How long something takes when nothing disturbs it: the best of several samples.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace estoc {

// Best seconds of one work() over `samples` samples, each of as many calls as take `seconds_min`; after a warm-up.
template <typename Work>
double best_seconds(Work&& work, double seconds_min, int samples) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_of = [&](int64_t count) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < count; ++i) work();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  seconds_of(1);
  int64_t count = 1;
  while (seconds_of(count) < seconds_min && count < (int64_t{1} << 40)) count *= 2;
  double best = 1e9;
  for (int i = 0; i < samples; ++i) best = std::min(best, seconds_of(count) / static_cast<double>(count));
  return best;
}

}  // namespace estoc
