// Reading and copying of long memory, to measure a card's roof with.
#pragma once

#include "gpu/source/device.h"

namespace estoc::gpu {

inline constexpr int kCopyThreads = 512;

// 16 bytes a thread at a time, four on the way. `to` null: only read; `sink` is written when all words sum to an odd
// secret.
KERNEL(kCopyThreads, 1, copy_memory, (const u8* from, u8* to, long pieces, u32* sink)) {
  const long step = static_cast<long>(grid_blocks()) * kCopyThreads;
  u32 mixed = 0;
  for (long i = static_cast<long>(block_index()) * kCopyThreads + thread_index(); i < pieces; i += step * 4) {
    Words4 w[4];
    UNROLL
    for (int k = 0; k < 4; ++k) {
      if (i + k * step < pieces) w[k] = load_stream<Words4>(from + (i + k * step) * 16);
    }
    UNROLL
    for (int k = 0; k < 4; ++k) {
      if (i + k * step >= pieces) continue;
      if (to != nullptr) *reinterpret_cast<Words4*>(to + (i + k * step) * 16) = w[k];
      mixed ^= w[k].v[0] ^ w[k].v[1] ^ w[k].v[2] ^ w[k].v[3];
    }
  }
  if (to == nullptr && mixed == 0x9e3779b9u) *sink = mixed;
}

}  // namespace estoc::gpu
