// What plain-rounding encoders ask of a block of values. Pure functions; NaN never wins a comparison.
#pragma once

#include <algorithm>
#include <cmath>

namespace estoc {

// The value of the largest magnitude, with its sign; the first of equals. 0 for a block of zeros.
inline float signed_extreme(const float* values, int count) {
  float extreme = 0, magnitude = 0;
  for (int i = 0; i < count; ++i) {
    if (std::fabs(values[i]) > magnitude) {
      magnitude = std::fabs(values[i]);
      extreme = values[i];
    }
  }
  return extreme;
}

struct Range {
  float low = 0, high = 0;
};

inline Range range_of(const float* values, int count) {
  Range range{values[0], values[0]};
  for (int i = 1; i < count; ++i) {
    if (values[i] < range.low) range.low = values[i];
    if (values[i] > range.high) range.high = values[i];
  }
  return range;
}

inline float reciprocal(float value) { return value == 0 ? 0.0f : 1.0f / value; }

// Truncates toward zero into [low, high]; NaN becomes `low`. Conversions out of an int's range are undefined, this is
// not.
inline int clamp_to_int(float value, int low, int high) {
  if (!(value > static_cast<float>(low))) return low;
  if (value >= static_cast<float>(high)) return high;
  return static_cast<int>(value);
}

// Half away from zero.
inline int round_to_int(float value, int low, int high) { return clamp_to_int(std::round(value), low, high); }

}  // namespace estoc
