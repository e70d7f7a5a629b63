// The state space layer of Mamba-2 ("state space duality"; Dao & Gu 2024) over positions of one sequence: heads whose
// state decays at every position and takes in the outer product of two vectors.
#pragma once

#include <cstdint>

namespace estoc::kernels {

// Rows that ssd_chunk takes at once.
inline constexpr int64_t kSsdChunk = 64;

// For rows r in turn and heads h, with x, out and state those of the head:
//   state[n][d] = decays[r][h] * state[n][d] + steps[r][h] * b[r][n] * x[r][d]
//   out[r][d] = sum over n of c[r][n] * state[n][d] + skip[h] * x[r][d]
// The head's dimensions are innermost in the state, so that one position needs no sum over a vector's lanes and many
// are plain products of matrices.
struct SsdHeads {
  const float* x;  // [row_count][heads][head_dim], rows x_stride floats apart
  const float* b;  // [row_count][state_size], rows bc_stride apart, shared by the heads; likewise c
  const float* c;
  const float* steps;  // [row_count][heads], rows step_stride apart; likewise decays, 0 to 1
  const float* decays;
  const float* skip;  // [heads]
  int64_t x_stride, bc_stride, step_stride;
  int64_t row_count;
  int64_t heads, head_dim, state_size;
  float* state;  // [heads][state_size][head_dim]
  float* out;    // as x, rows out_stride apart; not x itself
  int64_t out_stride;
};

// For each head: steps = softplus(raw + bias), kept within [least, most]; decays = exp(steps * rates). steps may be
// raw.
struct SsdSteps {
  const float* raw;  // [heads]; likewise all that follow
  const float* bias;
  const float* rates;  // below 0
  float least, most;   // most may be infinite
  int64_t heads;
  float* steps;
  float* decays;
};

}  // namespace estoc::kernels
