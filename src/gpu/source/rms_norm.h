// What rms_norm takes (rms_norm.cu.h): output = bf16(input / sqrt(mean of squares + epsilon) * weight), one block a
// row.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kRmsNormThreads = 256;

struct RmsNormArguments {
  const float* input;   // [row][columns]
  const float* weight;  // [columns]
  u16* output;          // bf16 [row][columns]
  int columns;
  float epsilon;
};

}  // namespace estoc::gpu
