// Curves that several kernels bend numbers by, made of what the hardware approximates.
#pragma once

#include "gpu/source/device.h"

namespace estoc::gpu {

DEVICE float sigmoid_fast(float x) { return reciprocal_fast(1 + exp2_fast(-kLog2E * x)); }

// 1 - 2 / (1 + e^(2 x)): off by what f32 has at 1, and right for any x.
DEVICE float tanh_fast(float x) { return 1 - 2 * reciprocal_fast(1 + exp2_fast(2 * kLog2E * x)); }

}  // namespace estoc::gpu
