// What activate takes (activate.cu.h): what an MLP without a gate makes of its rows between its two products. Grid:
// activate_blocks by rows.
#pragma once

#include "gpu/source/gate.h"
#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kActivateThreads = 256;
constexpr int activate_blocks(int columns) { return (columns / 2 + kActivateThreads - 1) / kActivateThreads; }

struct ActivateArguments {
  const float* input;  // [row][columns]
  int columns;         // a multiple of 2
  int is_squared;      // the square of what is above 0, or else the curve
  GateCurve curve;
  TokenRows output;
};

}  // namespace estoc::gpu
