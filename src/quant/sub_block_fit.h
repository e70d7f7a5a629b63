// Scales of the sub-blocks of K-quants: plain rounding first, then a few rounds of least squares between the values
// and their codes. Every value counts the same. Pure functions, nothing is thrown.
#pragma once

namespace estoc {

// w = scale * q - minimum with q in 0 .. code_max; both are 0 or more.
struct AffineFit {
  float scale = 0, minimum = 0;
};
AffineFit fit_affine(const float* values, int count, int code_max) noexcept;

// w = scale * q with q in code_min .. code_max, where -code_min is code_max + 1; the sign of the scale is free.
float fit_symmetric(const float* values, int count, int code_min, int code_max) noexcept;

}  // namespace estoc
