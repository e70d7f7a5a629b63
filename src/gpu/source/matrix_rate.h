// What matrix_rate_bf16 takes (matrix_rate.cu.h): how fast a card's matrix units multiply bf16 into f32 when nothing
// else holds them up. That is the roof beside which products stand (trials/roof.h).
//
// Each block multiplies the same 128 rows of weights and the same tokens, 64 columns of both, `rounds` times and adds
// them up: output[block][token][row] = rounds * (W x). Operands are loaded once, into shared memory for warpgroup
// products, into registers elsewhere; the emulator has both, the latter as matrix_rate_mma_bf16.
#pragma once

#include "gpu/source/token_tile.h"
#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

inline constexpr int kMatrixRateThreads = 256;
inline constexpr int kMatrixRateRows = 128, kMatrixRateColumns = kUnitColumns;

constexpr int matrix_rate_tokens(int capability) { return has_wgmma(capability) ? 256 : 64; }
constexpr int matrix_rate_shared_bytes(int capability) {
  if (!has_wgmma(capability)) return 0;
  return static_cast<int>(matrix_bytes(WeightForm::bf16, kMatrixRateRows, kMatrixRateColumns) +
                          token_matrix_bytes(matrix_rate_tokens(capability), kMatrixRateColumns));
}

struct MatrixRateArguments {
  const u8* weights;  // bf16 in device form (weight_tile.h)
  const u8* inputs;   // token tiles in plain order
  float* output;      // [block][token][row]
  int rounds;
};

}  // namespace estoc::gpu
