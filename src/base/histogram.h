// Counts of values in fixed buckets, as Prometheus' histograms have them.
//
// What: bucket i counts values at most bounds[i] (and above bounds[i-1]); one more counts the rest.
// Ownership: a value; the bounds are static. Threads: one at a time; copies are independent. Errors: none.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace estoc {

class Histogram {
 public:
  Histogram() = default;
  // `bounds` ascend and live for ever.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void add(double value);
  void add(double value, uint64_t times);

  std::span<const double> bounds() const { return bounds_; }
  std::span<const uint64_t> counts() const { return counts_; }  // [bounds + 1], not cumulative
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }
  // What was added since `earlier`, a copy of this histogram as it was.
  Histogram since(const Histogram& earlier) const;
  // The value below which a share of the values lies, interpolated within its bucket; 0 without values. The last
  // bucket has no upper end: its lower one is given.
  double quantile(double share) const;

 private:
  std::span<const double> bounds_;
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace estoc
