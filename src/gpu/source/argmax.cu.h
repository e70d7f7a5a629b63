// Greedy sampling (argmax.h). The largest logit, the lowest index among equals; NaN and -inf are never the largest.
#pragma once

#include "gpu/source/argmax.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

struct Candidate {
  float value;
  u32 index;
};
DEVICE Candidate better(const Candidate& a, const Candidate& b) {
  return b.value > a.value || (b.value == a.value && b.index < a.index) ? b : a;
}
DEVICE Candidate best_of_warp(Candidate c) {
  for (int mask = 16; mask > 0; mask >>= 1) {
    c = better(c, Candidate{shuffle_xor(c.value, mask), shuffle_xor(c.index, mask)});
  }
  return c;
}
DEVICE Candidate nothing() { return {-__builtin_huge_valf(), 0xffffffffu}; }

// The best of all threads' candidates; thread 0 gets it.
DEVICE Candidate best_of_block(Candidate (&part)[kArgmaxThreads / kWarp], Candidate c) {
  c = best_of_warp(c);
  if (thread_index() % kWarp == 0) part[thread_index() / kWarp] = c;
  sync_block();
  if (thread_index() >= kWarp) return c;
  return best_of_warp(thread_index() < kArgmaxThreads / kWarp ? part[thread_index()] : nothing());
}

KERNEL(kArgmaxThreads, 1, argmax_parts, (ArgmaxArguments a)) {
  SHARED(part, Candidate[kArgmaxThreads / kWarp]);
  grid_release();
  grid_wait();
  const float* row = a.logits + static_cast<long>(block_index_y()) * a.columns;
  Candidate c = nothing();
  for (int i = block_index() * kArgmaxThreads + thread_index(); i < a.columns; i += a.parts * kArgmaxThreads) {
    if (row[i] > nothing().value) c = better(c, Candidate{row[i], static_cast<u32>(i)});
  }
  c = best_of_block(part, c);
  if (thread_index() != 0) return;
  a.best[block_index_y() * a.parts + block_index()] = c.value;
  a.best_index[block_index_y() * a.parts + block_index()] = c.index;
}

KERNEL(kArgmaxThreads, 1, argmax_rows, (ArgmaxArguments a)) {
  SHARED(part, Candidate[kArgmaxThreads / kWarp]);
  grid_release();
  grid_wait();
  Candidate c = nothing();
  for (int i = thread_index(); i < a.parts; i += kArgmaxThreads) {
    c = better(c, Candidate{a.best[block_index() * a.parts + i], a.best_index[block_index() * a.parts + i]});
  }
  c = best_of_block(part, c);
  if (thread_index() == 0) a.tokens[block_index()] = c.index;
}

}  // namespace estoc::gpu
