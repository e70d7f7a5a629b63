// What combine_experts takes (combine.cu.h): what experts gave a row, each times its weight, and what a shared one
// gave, are added in the order of the row's choices; to the residual or to `output`. Grid: a block a row.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kCombineThreads = 256;

struct CombineArguments {
  const float* parts;    // [place][columns]
  const int* places;     // [row][chosen]
  const float* weights;  // [row][chosen]
  int chosen;
  const float* shared;         // [row][columns] or null
  const float* shared_weight;  // [row]; null: 1
  float* residual;             // [row][columns]
  float* output;               // [row][columns]; null: the residual
  int columns;                 // a multiple of 4
};

}  // namespace estoc::gpu
