// Curves that several kernels bend numbers by, made of what the hardware approximates.
#pragma once

#include "gpu/source/device.h"

namespace estoc::gpu {

DEVICE float sigmoid_fast(float x) { return reciprocal_fast(1 + exp2_fast(-kLog2E * x)); }

// 1 - 2 / (1 + e^(2 x)): off by what f32 has at 1, and right for any x.
DEVICE float tanh_fast(float x) { return 1 - 2 * reciprocal_fast(1 + exp2_fast(2 * kLog2E * x)); }

// ln(1 + e^x), also where e^x is far below what can be added to 1.
DEVICE float softplus_fast(float x) {
  const float e = exp2_fast((x < 20 ? x : 20) * kLog2E);
  return x > 20 ? x : e < 1e-2f ? e * (1 - e * (0.5f - e * 0.33333333f)) : log2_fast(1 + e) * kLn2;
}

}  // namespace estoc::gpu
