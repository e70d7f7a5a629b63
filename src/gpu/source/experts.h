// What the products of few rows with their experts take (experts.cu.h): each expert that somebody chose is read once.
//
// Kernels are named experts_<form>_<end>_n<columns>, as the dense projections of linear.h: n8 for up to 8 rows, n16 for
// up to 16.
//   gated   activated[pair] = bf16(curve(gate) * up), of the rows that chose the expert. Grid: a block a tile row by
//           slots
//   down    the sum over experts of weight * (W x + bias), and of what a shared expert gave, to the residual as
//           linear.h's `residual` has it, or to `output`. Grid: a block a tile row. A warp has some experts, or parts
//           of their columns, and warps are added in order: bits depend on the rows of the step, not on its timing
#pragma once

#include "gpu/source/linear.h"
#include "gpu/source/route.h"

namespace estoc::gpu {

// Threads of a block.
constexpr int experts_gated_threads(int columns) { return columns / kUnitColumns >= 16 ? 128 : 64; }
constexpr int experts_down_threads(bool is_amd) { return linear_threads_of(is_amd); }
// Parts of an expert's columns, so that all warps have something where experts are few.
constexpr int experts_down_parts(int slots, int columns, int threads) {
  const int warps = threads / 32, units = columns / kUnitColumns;
  const int parts = warps / slots < units ? warps / slots : units;
  return parts < 1 ? 1 : parts;
}

struct ExpertsArguments {
  const u8* weights;  // of all experts, tiles; expert_bytes apart
  long expert_bytes;
  const float* bias;  // [expert][rows] or null
  const ExpertSlot* slots;
  const int* slot_count;
  const u16* inputs;  // gated: bf16 [row][columns], normed; down: [pair][columns]
  int rows, columns;  // of an expert's matrix
  int count;          // of rows of the step, up to kRouteFewRows

  u16* activated;  // gated: [pair][rows / 2]
  GateCurve gate = kSilu;

  int parts;                   // down: of columns
  const float* shared;         // down: [row][rows], of the shared expert; null for none
  const float* shared_weight;  // [row]; null: 1
  float* output;               // down: [row][rows]; null: the residual
  float* residual;             // as in LinearArguments
  const float* next_norm;
  u16* next_inputs;
  float* next_squares;
};

}  // namespace estoc::gpu
