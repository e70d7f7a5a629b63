// What router_logits_... take (router_logits.cu.h): how well each expert suits each row, behind the norm that experts
// read, in f32 with weights of f32: they are small, and what they decide is not.
//
// router_logits_1 and _16 are for up to so many rows, an expert a warp; _many for any number, four experts a warp and
// eight rows a block. Grid: router_logits_blocks by router_logits_blocks_y.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kRouterThreads = 256;

struct RouterLogitsArguments {
  const float* residual;  // [row][columns]
  const float* norm;      // [columns]
  float epsilon;
  const float* weights;  // [outputs][columns]
  const float* bias;     // [outputs] or null
  float* logits;         // [row][outputs]
  u16* inputs;           // bf16 [row][columns]: the normed rows; null: nobody reads them
  int columns;           // a multiple of 64
  int outputs;           // experts, and what weighs a shared one behind them
  int count;
};

constexpr int router_logits_blocks(int outputs, bool has_many_rows) {
  const int each = kRouterThreads / 32 * (has_many_rows ? 4 : 1);
  return (outputs + each - 1) / each;
}
constexpr int router_logits_blocks_y(int rows, bool has_many_rows) { return has_many_rows ? (rows + 7) / 8 : 1; }

}  // namespace estoc::gpu
