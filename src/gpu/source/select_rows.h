// What select_rows takes (select_rows.cu.h): rows of the residual stream, picked by number, become what a projection of
// few rows reads (linear.h): bf16(residual * norm) and the sum of squares. Grid: a block a picked row.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kSelectRowsThreads = 256;

struct SelectRowsArguments {
  const float* residual;  // [row][columns]
  const int* rows;        // [picked]; null: row i is picked as i
  const float* norm;      // [columns]
  u16* inputs;            // bf16 [picked][columns]
  float* squares;         // [picked]: one part each
  int columns;            // a multiple of 2
};

}  // namespace estoc::gpu
