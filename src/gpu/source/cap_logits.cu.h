// Logits that are scaled and capped (cap_logits.h).
#pragma once

#include "gpu/source/cap_logits.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

KERNEL(kCapLogitsThreads, 1, cap_logits, (CapLogitsArguments a)) {
  grid_release();
  grid_wait();
  float* row = a.logits + static_cast<long>(block_index_y()) * a.columns;
  const float inverse = a.cap > 0 ? reciprocal_fast(a.cap) : 0;
  const int first = block_index() * kCapLogitsThreads * kCapLogitsEach + thread_index();
  for (int i = 0; i < kCapLogitsEach; ++i) {
    const int at = first + i * kCapLogitsThreads;
    if (at >= a.columns) break;
    const float x = row[at] * a.scale;
    // tanh(y) is 1 - 2 / (1 + e^(2 y))
    row[at] = a.cap > 0 ? a.cap * (1 - 2 * reciprocal_fast(1 + exp2_fast(2 * kLog2E * x * inverse))) : x;
  }
}

}  // namespace estoc::gpu
