// What the states of a Mamba-2 layer take (ssd.cu.h; the rule is in kernels/ssd.h). Three launches between the
// projections before and behind it, the same for one new row of each of some sequences and for prompts:
//
//   causal_conv                  x, b and c (causal_conv.h)
//   ssd_scan_64, _128 or _256    the states of heads, row after row of each sequence; keeps what they and the
//                                convolution have to know of the past. Grid: heads * ssd_parts by sequences
//   gated_norm                   norm of groups of columns, with silu(z) (gated_norm.h)
//
// A state is f32: of each head ssd_parts blocks [state_size][32 columns of x], then what the convolution keeps. A row's
// bits depend on its sequence only.
#pragma once

#include "gpu/source/causal_conv.h"

namespace estoc::gpu {

inline constexpr int kSsdThreads = 128;
inline constexpr int kSsdColumns = 32;    // of a head, of a block of ssd_scan
inline constexpr int kSsdStateMax = 256;  // numbers of a column, a multiple of 16

struct SsdShape {
  int heads, head_dim;
  int groups;  // of heads that share b and c
  int state_size, conv_width;
};
constexpr int ssd_parts(const SsdShape& s) { return (s.head_dim + kSsdColumns - 1) / kSsdColumns; }
constexpr int ssd_x_columns(const SsdShape& s) { return s.heads * s.head_dim; }
constexpr int ssd_conv_columns(const SsdShape& s) { return ssd_x_columns(s) + 2 * s.groups * s.state_size; }
constexpr int ssd_head_floats(const SsdShape& s) { return ssd_parts(s) * s.state_size * kSsdColumns; }
constexpr long ssd_memory_floats(const SsdShape& s) { return static_cast<long>(s.heads) * ssd_head_floats(s); }
constexpr long ssd_state_bytes(const SsdShape& s) {
  return (ssd_memory_floats(s) + conv_state_floats(ssd_conv_columns(s), s.conv_width)) * 4;
}
// Columns of what the projections give: z, x, b, c, raw steps.
constexpr int ssd_inputs(const SsdShape& s) { return ssd_x_columns(s) + ssd_conv_columns(s) + s.heads; }
// Numbers of a column that the kernel for this shape has registers for.
constexpr int ssd_room(const SsdShape& s) { return s.state_size <= 64 ? 64 : s.state_size <= 128 ? 128 : kSsdStateMax; }

struct SsdArguments {
  StateRows rows;
  CausalConv conv;
  SsdShape shape;
  float* convolved;        // [row][x, b, c]; x becomes the heads' answers
  const float* raw_steps;  // [row][heads], as far apart as the convolution's inputs
  const float* step_bias;  // [heads]
  const float* rates;      // [heads], below 0
  const float* skip;       // [heads]
  float step_scale;        // of raw steps
  float step_min, step_max;
};

}  // namespace estoc::gpu
