// What add_part takes (add_part.cu.h): what a part of a layer has computed, as it is or behind a norm of its own,
// enters the residual stream; and what the next projection of few rows reads is left as select_rows leaves it. Grid: a
// block a row.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kAddPartThreads = 256;

struct AddPartArguments {
  const float* part;  // [row][columns]
  const float* norm;  // [columns]: an RMS norm of the part; null for none
  float epsilon;
  float scale;             // of what is added
  float* residual;         // [row][columns]
  const float* next_norm;  // [columns]; null: nothing is left for a projection
  u16* inputs;             // bf16 [row][columns]
  float* squares;          // [row]: one part each
  int columns;             // a multiple of 2
};

}  // namespace estoc::gpu
