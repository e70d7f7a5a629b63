// What the states of a Mamba layer take (selective_scan.cu.h; the rule is in kernels/selective_scan.h), for one new row
// of each of some sequences and for prompts alike. Between the projections before and behind it there are:
//
//   causal_conv      x, f32 and bf16 (causal_conv.h)
//   a product        steps of few columns, b and c, of x
//   scan_parts       norms of these; narrow steps become bf16. Grid: rows
//   a product        raw steps of all columns
//   selective_scan   the states of columns, row after row of each sequence, times silu(z); keeps what they and the
//                    convolution have to know of the past. Grid: scan_blocks by sequences
//
// A state is f32 [state_size][columns], then what the convolution keeps. A row's bits depend on its sequence only.
#pragma once

#include "gpu/source/causal_conv.h"

namespace estoc::gpu {

inline constexpr int kScanThreads = 128;
inline constexpr int kScanStateMax = 16;
inline constexpr int kScanPartsThreads = 128;

struct ScanShape {
  int columns, state_size, step_rank, conv_width;
};
constexpr int scan_blocks(int columns) { return (columns + kScanThreads - 1) / kScanThreads; }
constexpr long scan_memory_floats(const ScanShape& s) { return static_cast<long>(s.state_size) * s.columns; }
constexpr long scan_state_bytes(const ScanShape& s) {
  return (scan_memory_floats(s) + conv_state_floats(s.columns, s.conv_width)) * 4;
}
// Columns of what the first product of x gives: narrow steps, b, c.
constexpr int scan_part_columns(const ScanShape& s) { return s.step_rank + 2 * s.state_size; }

struct ScanPartsArguments {
  ScanShape shape;
  float* parts;  // [row][narrow steps, b, c]; b and c are normed where they are
  // Weights of RMS norms over each of the three; null: none has one.
  const float *step_norm, *b_norm, *c_norm;
  float epsilon;
  TokenRows steps;
};

struct SelectiveScanArguments {
  StateRows rows;
  CausalConv conv;
  ScanShape shape;
  const float* x;          // [row][columns], as the convolution left it
  const float* parts;      // as above
  const float* raw_steps;  // [row][columns], before softplus
  const float* rates;      // [state_size][columns], below 0
  const float* skip;       // [columns]
  const float* gates;      // z, as far apart as the convolution's inputs
  TokenRows output;
};

}  // namespace estoc::gpu
