// What repack_<format> takes (repack.cu.h): a matrix as the file has it becomes one in device form.
//
//   repack_bf16   rows of bf16                       -> bf16
//   repack_q8_0   34-byte blocks of 32               -> codes8
//   repack_q4_0   18-byte blocks of 32               -> codes4
//   repack_q4_1   20-byte blocks of 32               -> codes4_min
//   repack_q4_k   144-byte blocks of 256             -> codes4_min; scales and minima are rounded to f16
// A thread does 32 columns of a row; grid: (tile rows * 16 * columns / 32) / kRepackThreads blocks, rounded up. Nothing
// else is rounded: codes and scales stay the file's own.
#pragma once

#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

inline constexpr int kRepackThreads = 256;

struct RepackArguments {
  const u8* source;  // rows one after the other, 2-byte aligned
  u8* tiles;         // matrix_bytes() of the target form
  int rows;
  int columns;
};

}  // namespace estoc::gpu
