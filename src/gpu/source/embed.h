// What embed_<form> takes (embed.cu.h): rows of the embedding matrix, in device form, become the residual stream.
#pragma once

#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

inline constexpr int kEmbedThreads = 256;

struct EmbedArguments {
  const u8* weights;       // tiles, vocabulary x columns
  const u32* tokens;       // [row]
  const float* next_norm;  // [columns]
  float* residual;         // [row][columns]
  u16* next_inputs;        // [row][columns]: bf16(residual * next_norm)
  float* next_squares;     // [row]: one part each
  int columns;
  float scale = 1;  // of the embedding
};

}  // namespace estoc::gpu
