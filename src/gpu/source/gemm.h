// What the products of prompts take: y[token][row] = sum over columns of x[token][column] * w[row][column] (gemm.cu.h).
//
// Kernels are named gemm_<form>_<end>_n<tokens>: form bf16 or codes4; a block computes 128 rows of the matrix for that
// many tokens. Grid: any number of blocks up to one a multiprocessor, gemm_shared_bytes of dynamic shared memory.
//   store      output = W x, f32 [token][rows], a token `output_stride` floats behind the one before
//   residual   output += W x, the same
//   gated      activated = bf16(silu(gate) * up) in token tiles; the matrix has 8 rows of gate and 8 of up in turn, so
//              a tile row is 8 outputs
// With `splits` above 1 a tile's columns are divided among that many blocks, for few tokens; the parts are added in
// order, so bits depend on the launch's shape only.
#pragma once

#include "gpu/source/token_tile.h"
#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

inline constexpr int kGemmThreads = 384;
inline constexpr int kGemmRows = 128;

struct GemmArguments {
  const u8* weights;  // matrix in device form (weight_tile.h)
  const u8* inputs;   // token tiles, filled up to whole multiples of the kernel's tokens; paired for codes
  float* output;
  int output_stride;
  u8* activated;      // gated: token tiles of rows / 2 columns
  ColumnOrder order;  // of `activated`
  int rows, columns, count;
  int splits;
  float* partial;  // splits > 1: gemm_partial_floats
  u32* arrivals;   // splits > 1: gemm_arrivals words, zero before and after
};

constexpr int gemm_row_tiles(int rows) { return (rows + kGemmRows - 1) / kGemmRows; }
constexpr int gemm_token_tiles(int count, int tokens) { return (count + tokens - 1) / tokens; }
constexpr long gemm_partial_floats(int rows, int count, int tokens, int splits) {
  return static_cast<long>(gemm_row_tiles(rows)) * gemm_token_tiles(count, tokens) * splits * kGemmRows * tokens;
}
constexpr int gemm_arrivals(int rows, int count, int tokens) {
  return gemm_row_tiles(rows) * gemm_token_tiles(count, tokens) * 2;
}

// One stage of the ring: 64 columns of 128 rows and of the tokens.
constexpr int gemm_stage_bytes(WeightForm form, int tokens) {
  return kGemmRows / kTileRows * (unit_code_bytes(form) + unit_scale_bytes(form)) +
         tokens / kTokenTile * kTokenTileBytes;
}
constexpr int gemm_stages(WeightForm form, int tokens) {
  const int fit = (220 << 10) / gemm_stage_bytes(form, tokens);
  return fit < 8 ? fit : 8;
}
constexpr int gemm_shared_bytes(WeightForm form, int tokens) {
  return gemm_stages(form, tokens) * gemm_stage_bytes(form, tokens);
}

}  // namespace estoc::gpu
