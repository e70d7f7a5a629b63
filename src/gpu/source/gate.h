// What the gate of an MLP becomes before it meets the other half: g / (1 + 2^(g (linear + cubic g^2))). That is silu,
// and gelu as it is approximated by tanh, by two numbers and no branch.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

struct GateCurve {
  float linear, cubic;
  // Of experts only: the gate is at most the limit, the other half within it on both sides, and gets one added; 0:
  // none.
  float limit = 0;
};

inline constexpr GateCurve kSilu = {-kLog2E, 0};
// 0.5 g (1 + tanh(u)) is g / (1 + e^(-2 u)), with u = sqrt(2 / pi) (g + 0.044715 g^3).
inline constexpr float kGeluSlope = -2 * 0.7978845608028654f * kLog2E;
inline constexpr GateCurve kGeluTanh = {kGeluSlope, kGeluSlope * 0.044715f};

}  // namespace estoc::gpu
