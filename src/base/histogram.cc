#include "base/histogram.h"

#include <algorithm>

namespace estoc {

void Histogram::add(double value) { add(value, 1); }

void Histogram::add(double value, uint64_t times) {
  if (counts_.empty()) return;
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)] += times;
  count_ += times;
  sum_ += value * static_cast<double>(times);
}

Histogram Histogram::since(const Histogram& earlier) const {
  Histogram difference = *this;
  for (size_t i = 0; i < earlier.counts_.size(); ++i) difference.counts_[i] -= earlier.counts_[i];
  difference.count_ -= earlier.count_;
  difference.sum_ -= earlier.sum_;
  return difference;
}

double Histogram::quantile(double share) const {
  if (count_ == 0) return 0;
  const double rank = share * static_cast<double>(count_);
  double below = 0;
  for (size_t i = 0; i < bounds_.size(); ++i) {
    const auto here = static_cast<double>(counts_[i]);
    const double low = i == 0 ? 0 : bounds_[i - 1];
    if (here > 0 && below + here >= rank) return low + (bounds_[i] - low) * (rank - below) / here;
    below += here;
  }
  return bounds_.empty() ? 0 : bounds_.back();
}

}  // namespace estoc
