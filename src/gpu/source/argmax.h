// What argmax_parts and argmax_rows take (argmax.cu.h): the greedy token of each row of logits, in two launches;
// 0xffffffff for a row without a number above -inf.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kArgmaxThreads = 256;

struct ArgmaxArguments {
  const float* logits;  // [row][columns]
  float* best;          // [row][parts]
  u32* best_index;      // [row][parts]
  u32* tokens;          // [row]; argmax_rows writes it
  int columns;
  int parts;  // argmax_parts: grid (parts, rows); argmax_rows: grid (rows)
};

}  // namespace estoc::gpu
