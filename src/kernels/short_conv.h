// A short causal convolution over the positions of one sequence, each column by itself, between two gates.
#pragma once

#include <cstdint>

namespace estoc::kernels {

// For rows r of `row_count` and columns c of [begin, end), with v[r] = b[r][c] * x[r][c] and the `width` - 1 values
// before the first row taken from `state`:
//   out[r][c] = gate[r][c] * (bias[c] + sum over k < width of taps[c][k] * v[r - (width - 1) + k])
// Afterwards `state` holds the last width - 1 values.
struct ShortConv {
  const float* b;  // [row_count], row_stride floats apart; likewise gate and x
  const float* gate;
  const float* x;
  int64_t row_stride;
  int64_t row_count;
  int64_t columns;  // of taps, state and bias
  int64_t begin, end;
  const float* taps;  // [width][columns]
  const float* bias;  // [columns], or null
  int width;
  float* state;  // [width - 1][columns]
  float* out;    // [row_count], out_stride floats apart
  int64_t out_stride;
};

}  // namespace estoc::kernels
