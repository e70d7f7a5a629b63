// The activation of an MLP without a gate (activate.h).
#pragma once

#include "gpu/source/activate.h"
#include "gpu/source/device.h"
#include "gpu/source/gate.cu.h"

namespace estoc::gpu {

KERNEL(kActivateThreads, 1, activate, (ActivateArguments a)) {
  grid_release();
  grid_wait();
  const int pair = block_index() * kActivateThreads + thread_index(), row = block_index_y();
  if (pair >= a.columns / 2) return;
  const float* const from = a.input + static_cast<long>(row) * a.columns + 2 * pair;
  float x[2];
  UNROLL
  for (int i = 0; i < 2; ++i) {
    const float positive = from[i] > 0 ? from[i] : 0;
    x[i] = a.is_squared != 0 ? positive * positive : gated(from[i], a.curve);
  }
  *reinterpret_cast<u32*>(reinterpret_cast<u8*>(a.output.to) + token_pair_offset(a.output, row, pair)) =
      pack_bf16x2(x[0], x[1]);
}

}  // namespace estoc::gpu
