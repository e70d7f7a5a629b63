// Times of many short pieces of work in CPU time of one thread, so that other processes do not count. For tests only.
#pragma once

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

namespace estoc {

class CpuTimes {
 public:
  // What `work` gives back.
  auto measure(const auto& work) {
    struct Taken {
      CpuTimes& times;
      double begin = now();
      ~Taken() { times.microseconds_.push_back(now() - begin); }
    };
    const Taken taken{*this};
    return work();
  }

  double mean() const {
    double sum = 0;
    for (const double one : microseconds_) sum += one;
    return microseconds_.empty() ? 0 : sum / static_cast<double>(microseconds_.size());
  }
  double at(double part) const {
    if (microseconds_.empty()) return 0;
    std::vector<double> sorted = microseconds_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[std::min(sorted.size() - 1, static_cast<size_t>(part * static_cast<double>(sorted.size())))];
  }
  std::string text() const {
    return fmt::format("{} measured: mean {:.1f} us, median {:.1f}, p99 {:.1f}, most {:.1f}", microseconds_.size(),
                       mean(), at(0.5), at(0.99), at(1));
  }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  }

  std::vector<double> microseconds_;
};

}  // namespace estoc
