// What gated_norm takes (gated_norm.cu.h): the end of a layer with a recurrent state, whose answers are normed in
// groups of columns and meet silu of their gates, and become bf16 rows or token tiles. Grid: groups by rows.
#pragma once

#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kGatedNormThreads = 256;

struct GatedNormArguments {
  const float* values;  // [row][group][width], value_stride floats apart
  const float* gates;   // likewise, gate_stride apart
  int value_stride, gate_stride;
  float gate_scale;   // of the gates, before all else
  const float* norm;  // weights of an RMS norm over a group; null: no norm
  int norm_stride;    // from a group's weights to those of the next; 0: groups share them
  int width;          // columns of a group, a multiple of 2
  int is_gate_first;  // norm(values * silu(gates)), or else norm(values) * silu(gates)
  float epsilon;
  TokenRows output;
};

}  // namespace estoc::gpu
