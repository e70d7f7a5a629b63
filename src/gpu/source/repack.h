// What repack_<format> takes (repack.cu.h): a matrix as the file has it becomes one in device form.
//
//   bf16                                 -> bf16           f16  -> f16
//   q8_0 q5_0 q3_k iq4_nl iq4_xs mxfp4   -> codes8         q6_k -> codes8_16         q5_1 q5_k -> codes8_min
//   f8_e4m3, 64 codes and their f32 scale in turn                                     -> f8
//   q4_0                                 -> codes4                                   q4_1 q4_k -> codes4_min
// Codes stay the file's own, those of iq4 and mxfp4 as the values they stand for, those of q3_k times their scale.
// Rounded to f16 are: the products of the two scales of q4_k, q5_k, q6_k and iq4_xs, at most 2^-12 of
// them or 2^-25, and mxfp4's scales below 2^-24 (to zero) or above 2^15 (to infinity). All else is exact.
// A thread does 32 columns of a row; grid: repack_blocks.
#pragma once

#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

inline constexpr int kRepackThreads = 256;

constexpr int repack_blocks(int rows, int columns) {
  const long groups = static_cast<long>(tile_rows_of(rows)) * kTileRows * (columns / kGroupColumns);
  return static_cast<int>((groups + kRepackThreads - 1) / kRepackThreads);
}

struct RepackArguments {
  const u8* source;  // rows one after the other, 2-byte aligned; whole blocks of the format a row
  u8* tiles;         // matrix_bytes() of the target form
  int rows;
  int columns;
};

}  // namespace estoc::gpu
