// A short causal convolution over the positions of one sequence, each column by itself, with SiLU behind it.
#pragma once

#include <cstdint>

namespace estoc::kernels {

inline constexpr int kCausalConvWidthMax = 16;

// For rows r of `row_count` and columns c of [begin, end), with the `width` - 1 inputs before the first row taken from
// `state`:
//   out[r][c] = silu(bias[c] + sum over k < width of taps[c][k] * in[r - (width - 1) + k][c])
// Afterwards `state` holds the last width - 1 inputs. `out` may be `in`.
struct CausalConv {
  const float* in;  // [row_count], in_stride floats apart
  int64_t in_stride;
  int64_t row_count;
  int64_t begin, end;
  const float* taps;  // [width], tap_stride floats apart
  int64_t tap_stride;
  const float* bias;  // [columns], or null
  int width;
  float* state;  // [width - 1], state_stride floats apart
  int64_t state_stride;
  float* out;  // [row_count], out_stride floats apart
  int64_t out_stride;
};

}  // namespace estoc::kernels
