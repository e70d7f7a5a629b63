// What rms_norm_tiles takes (token_norm.cu.h): f32 rows become the token tiles that the products of prompts read.
// Grid: a block for 8 rows.
#pragma once

#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kTokenNormThreads = 256;

struct TokenNormArguments {
  const float* input;   // [row][columns]
  const float* weight;  // [columns]
  u8* output;           // token tiles
  ColumnOrder order;
  int columns;  // a multiple of 64
  int count;
  float epsilon;
};

}  // namespace estoc::gpu
