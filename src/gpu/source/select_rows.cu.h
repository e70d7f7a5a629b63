// Picked rows of the residual stream on their way to a projection (select_rows.h).
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/select_rows.h"

namespace estoc::gpu {

KERNEL(kSelectRowsThreads, 1, select_rows, (SelectRowsArguments a)) {
  SHARED(part, float[kSelectRowsThreads / kWarp]);
  grid_release();
  grid_wait();
  const int picked = block_index();
  const float* from = a.residual + static_cast<long>(a.rows != nullptr ? a.rows[picked] : picked) * a.columns;
  u32* to = reinterpret_cast<u32*>(a.inputs + static_cast<long>(picked) * a.columns);
  float squares = 0;
  for (int pair = thread_index(); pair < a.columns / 2; pair += kSelectRowsThreads) {
    const float low = from[2 * pair], high = from[2 * pair + 1];
    to[pair] = pack_bf16x2(low * a.norm[2 * pair], high * a.norm[2 * pair + 1]);
    squares += low * low + high * high;
  }
  for (int mask = 16; mask > 0; mask >>= 1) squares += shuffle_xor(squares, mask);
  if (thread_index() % kWarp == 0) part[thread_index() / kWarp] = squares;
  sync_block();
  if (thread_index() != 0) return;
  float sum = 0;
  for (int w = 0; w < kSelectRowsThreads / kWarp; ++w) sum += part[w];
  a.squares[picked] = sum;
}

}  // namespace estoc::gpu
