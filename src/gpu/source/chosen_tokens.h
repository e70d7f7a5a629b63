// What chosen_tokens takes (chosen_tokens.cu.h): the tokens of a step that were chosen by the one before, whose results
// the host has not seen yet. Grid: chosen_tokens_blocks(count).
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kChosenTokensThreads = 64;

struct ChosenTokensArguments {
  const u32* chosen;  // [row of the step before]; may have none (kNoToken)
  const int* picks;   // [count] rows of it
  u32* tokens;        // [count]
  int count;
  u32 vocabulary;  // where none was chosen, the last token: an id that has an embedding
};

constexpr int chosen_tokens_blocks(int count) { return (count + kChosenTokensThreads - 1) / kChosenTokensThreads; }

}  // namespace estoc::gpu
