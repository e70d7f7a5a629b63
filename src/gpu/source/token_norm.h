// What rms_norm_tiles takes (token_norm.cu.h): f32 rows become the token tiles that the products of prompts read.
// Grid: a block of token_norm_threads() a row.
#pragma once

#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kTokenNormThreadsMax = 1024;
inline constexpr int kTokenNormColumns = 32;  // of a thread

struct TokenNormArguments {
  const float* input;   // [row][columns]
  const int* picks;     // output row i is row picks[i] of the input, or below 0 left alone; null: all in order
  const float* weight;  // [columns]
  u8* output;           // token tiles
  ColumnOrder order;
  int columns;  // a multiple of 64, at most kTokenNormThreadsMax * kTokenNormColumns
  float epsilon;
  const int* tile_count = nullptr;  // so many tiles of 64 output rows there are; null: as many as blocks
};

constexpr int token_norm_threads(int columns) { return (columns / kTokenNormColumns + 31) / 32 * 32; }

}  // namespace estoc::gpu
