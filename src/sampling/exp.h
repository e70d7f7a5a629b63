// e^x for x <= 0, written so that the compiler turns loops over it into vector code.
//
// Cephes expf: x = n ln 2 + r, a polynomial of degree 5 for r, 2^n by its bits. Relative error below 2e-7.
// 0 below -87.7 (smaller than the least normal float) and for NaN: a broken logit has no weight.
// Source: S. Moshier, Cephes 2.8, single/expf.c (coefficients and the split of ln 2).
#pragma once

#include <bit>
#include <cstdint>

namespace estoc {

inline float exp_nonpositive(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer that sits in the low bits
  // At -88 the exponent's bits are 0 and so is the result: the clamp also makes the zero, without a second branch.
  const float safe = x > -88.0f ? x : -88.0f;
  const float shifted = safe * 1.44269504088896341f + kRound;
  const float n = shifted - kRound;
  const float r = safe - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRound) + 127;
  return p * std::bit_cast<float>(exponent << 23);
}

}  // namespace estoc
