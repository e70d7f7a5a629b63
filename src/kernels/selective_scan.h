// The selective state space layer of Mamba (Gu & Dao 2023) over positions of one sequence: columns of numbers that each
// decay at rates of their own and take in the column's input.
#pragma once

#include <cstdint>

namespace estoc::kernels {

// Columns whose states lie together; a last block that is not full is as long as the others.
inline constexpr int64_t kScanBlock = 16;

// Floats of `state_size` numbers for each of `columns` columns, in blocks: [blocks][state_size][kScanBlock].
constexpr int64_t scan_floats(int64_t columns, int64_t state_size) {
  return (columns + kScanBlock - 1) / kScanBlock * kScanBlock * state_size;
}

// For rows r in turn and columns i, with step = softplus(raw_steps[r][i]):
//   state[n][i] = exp(step * rates[n][i]) * state[n][i] + step * b[r][n] * x[r][i]
//   out[r][i] = sum over n of c[r][n] * state[n][i] + skip[i] * x[r][i]
// A row has the same bits however rows are divided.
struct SelectiveScan {
  const float* x;          // [row_count][columns], rows x_stride floats apart
  const float* raw_steps;  // likewise, step_stride apart
  const float* b;          // [row_count][state_size], rows bc_stride apart, shared by the columns; likewise c
  const float* c;
  const float* rates;  // in blocks, below 0; any numbers in place of columns that there are not
  const float* skip;   // [columns]
  int64_t x_stride, step_stride, bc_stride;
  int64_t row_count;
  int64_t columns, state_size;
  float* state;  // in blocks
  float* out;    // as x, rows out_stride apart; not x itself
  int64_t out_stride;
};

}  // namespace estoc::kernels
