// How models that run beside each other share one machine: its CPUs and its memory. Plain data and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace estoc {

// The CPUs of one model's team, of those in usable_cpus().
struct CpuShare {
  int first = 0;
  int count = 1;
  bool operator==(const CpuShare&) const = default;
};

// `threads` split as evenly as possible, the first models getting what is over; at least one each. Teams do not overlap
// while there are threads enough: a fork and join waits for its slowest share, and a share whose CPU another model's
// team holds is slow by a slice of the system's scheduler, which is longer than a step.
std::vector<CpuShare> split_cpus(int threads, int models);

// What keys and values may take of the memory: a quarter of what is free beside all weights, in equal parts, or all of
// a device's, which serves nothing else. What a model leaves of its part, those after it share; what it takes beyond
// (its user said how much) they lose.
class KvBudget {
 public:
  KvBudget(uint64_t free_bytes, int models) : free_bytes_(free_bytes), rest_bytes_(free_bytes / 4), models_(models) {}
  static KvBudget all_of(uint64_t free_bytes) {
    KvBudget budget(free_bytes, 1);
    budget.rest_bytes_ = free_bytes;
    return budget;
  }

  uint64_t free_bytes() const { return free_bytes_; }
  // Of the next model. REQUIRES that one is left.
  uint64_t part_bytes() const { return rest_bytes_ / static_cast<uint64_t>(models_); }
  // By the next model.
  void take(uint64_t bytes);

 private:
  uint64_t free_bytes_, rest_bytes_;
  int models_;  // that have taken nothing yet
};

}  // namespace estoc
