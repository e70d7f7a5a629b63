// What cap_logits takes (cap_logits.cu.h): logits times a scale, then cap tanh(x / cap) where there is a cap. Grid:
// cap_logits_blocks, rows.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kCapLogitsThreads = 256, kCapLogitsEach = 8;

struct CapLogitsArguments {
  float* logits;  // [row][columns]
  int columns;
  float scale;
  float cap;  // 0: none
};

constexpr int cap_logits_blocks(int columns) {
  constexpr int kOfBlock = kCapLogitsThreads * kCapLogitsEach;
  return (columns + kOfBlock - 1) / kOfBlock;
}

}  // namespace estoc::gpu
