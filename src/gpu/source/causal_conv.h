// What convolutions over the last positions of each sequence take (causal_conv.cu.h), each column by itself, for one
// new row of each of some sequences and for prompts alike. Grids are conv_blocks by rows.
//
//   causal_conv       output = silu(bias + taps * inputs), f32 and, where that is wanted, bf16; whoever comes next with
//                     the same sequences keeps their last inputs (keep_inputs)
//   short_conv        output = gates * (bias + taps * (factors * inputs)), bf16. Where each row is a sequence it keeps
//                     their last inputs, else
//   keep_short_conv   does that behind it. Grid: conv_blocks by sequences
//
// What is kept is f32 [width - 1][columns], `state_at` floats into a state. A row's bits depend on its sequence only.
#pragma once

#include "gpu/source/state_rows.h"
#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kConvThreads = 256;
inline constexpr int kConvWidthMax = 8;

struct CausalConv {
  const float* inputs;   // [row][columns], input_stride floats apart
  const float* factors;  // as inputs, which they multiply first; null: none
  int input_stride;
  int columns, width;  // width: rows that an output hangs on, its own included
  const float* taps;   // [width][columns]
  const float* bias;   // [columns] or null
  long state_at;
};
constexpr int conv_blocks(int columns) { return (columns + kConvThreads - 1) / kConvThreads; }
constexpr long conv_state_floats(int columns, int width) { return static_cast<long>(width - 1) * columns; }

struct CausalConvArguments {
  StateRows rows;
  CausalConv conv;
  const float* gates;  // of short_conv: as inputs
  float* output;       // of causal_conv: [row][columns]
  TokenRows halves;    // null where they are not wanted
};

}  // namespace estoc::gpu
