// Where an axis begins and ends, its ticks and what stands beside them. Pure functions.
// Internal to report/.
#pragma once

#include <string>
#include <vector>

namespace estoc {

struct AxisTick {
  double value = 0;
  std::string label;  // empty: a thin line only
};

struct Axis {
  double low = 0, high = 1;
  bool is_log = false;
  std::vector<AxisTick> ticks;

  // 0 at the low end, 1 at the high one.
  double share(double value) const;
};

// From 0 to a round number at or above `high`; about `ticks` ticks at 1, 2 or 5 times a power of ten.
Axis linear_axis(double high, int ticks);

// From and to 1, 2 or 5 times a power of ten around low .. high (both above 0), or finer steps where these would be
// few; labelled as seconds.
Axis seconds_axis(double low, double high);

// "250 ms", "1.5 s": three digits at most.
std::string format_seconds(double seconds);

}  // namespace estoc
