// The sum of a number of each thread, by the whole block or four neighbours.
#pragma once

#include "gpu/source/device.h"

namespace estoc::gpu {

// In a fixed order; every thread gets it. `shared` has a place for each warp, and is free again behind it.
template <int kThreads>
DEVICE float row_sum(float mine, float (&shared)[kThreads / kWarp]) {
  for (int mask = 16; mask > 0; mask >>= 1) mine += shuffle_xor(mine, mask);
  if (thread_index() % kWarp == 0) shared[thread_index() / kWarp] = mine;
  sync_block();
  float sum = 0;
  for (int w = 0; w < kThreads / kWarp; ++w) sum += shared[w];
  sync_block();
  return sum;
}

DEVICE float sum_of_four(float x) {
  x += shuffle_xor(x, 1);
  return x + shuffle_xor(x, 2);
}

}  // namespace estoc::gpu
