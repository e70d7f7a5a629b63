// What the decode projections take: y = W x for 1 to 16 rows of activations, the ends fused (linear.cu.h).
//
// Kernels are named linear_<form>_<end>_r<tiles>_n<columns>: any form of weight_tile.h; tiles 1 or 2 tile rows a block,
// for rare forms 2; n8 for up to 8 activation rows, n16 for up to 16. A block is 64 to 512 threads, its warps share the
// columns. The grid is one block for each `tiles` tile rows.
//   store      output = (W x) * norm + bias
//   residual   residual += W x + bias; and what the next norm needs: next_inputs = bf16(residual * next_norm), and each
//   block's
//              sum of squares of its rows of the residual
//   gated      activated = bf16(curve(gate) * up), gate and up = (W x) * norm; the matrix has 8 rows of gate and 8 of
//   up
//              in turn, as those of prompts (gemm.h)
// The norm before a product is a factor behind it: inputs come multiplied by the norm's weights, and norm is
// 1 / sqrt(mean of squares + epsilon), the squares being summed from the parts that whoever wrote the inputs left.
// Exact products of bf16 inputs and codes, summed in f32 in a fixed order: bits depend on the launch shape only.
#pragma once

#include "gpu/source/gate.h"
#include "gpu/source/weight_tile.h"
#include "gpu/source/weights_ahead.h"

namespace estoc::gpu {

inline constexpr int kLinearRowsMax = 16;
inline constexpr int kLinearThreadsMax = 512;
// On cards of AMD registers of a thread's two lanes, or 64 KB of shared memory, suffice for half as many threads.
constexpr int linear_threads_of(bool is_amd) { return is_amd ? kLinearThreadsMax / 2 : kLinearThreadsMax; }

// How a projection is launched: tile rows a block, warps a block.
struct LinearPlan {
  int tiles, warps;
};

// Tile rows a block that a form has kernels for.
constexpr bool linear_has_tiles(WeightForm form, int tiles) { return tiles == 2 || (tiles == 1 && !is_rare(form)); }

// What was fastest, or nearly, at the shapes of an 8B and a 0.6B model on an H100 (docs/SPEED.md): two tile rows a
// block where that leaves every multiprocessor one, and enough warps that few blocks have many loads on the way.
// `most`: threads of a block, linear_threads_of the card.
constexpr LinearPlan linear_plan(WeightForm form, int rows, int columns, int most = kLinearThreadsMax) {
  const int tile_rows = tile_rows_of(rows), tiles = tile_rows <= 132 && linear_has_tiles(form, 1) ? 1 : 2;
  const int blocks = (tile_rows + tiles - 1) / tiles, warps_max = most / 32;
  if (is_plain(form)) return {tiles, columns / kUnitColumns >= 64 || blocks <= 132 ? warps_max : 8};
  return {tiles, blocks > 400 ? 4 : blocks > 150 ? 8 : warps_max};
}

struct LinearArguments {
  const u8* weights;     // tiles, 64-byte aligned
  const u16* inputs;     // bf16 [row][columns]
  const float* squares;  // store, gated: [row][square_parts]; null: no norm
  int square_parts;
  float epsilon;
  int rows;     // of the matrix
  int columns;  // a multiple of 64
  int count;    // rows of activations

  const float* bias;  // [rows] or null
  float* output;      // [row][rows], a row `output_stride` floats behind the one before
  int output_stride;

  float* residual;         // [row][rows]
  const float* next_norm;  // [rows]
  u16* next_inputs;        // [row][rows]
  float* next_squares;     // [row][blocks of this grid]

  u16* activated;  // [row][rows / 2]
  GateCurve gate = kSilu;

  WeightsAhead ahead;
};

}  // namespace estoc::gpu
