// RMS norm of f32 rows into token tiles (token_norm.h): a warp a row, the 8 rows of a core in one block, so that their
// pieces of a line are written together.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/token_norm.h"

namespace estoc::gpu {

KERNEL(kTokenNormThreads, 1, rms_norm_tiles, (TokenNormArguments a)) {
  grid_release();
  grid_wait();
  const int lane = thread_index() % kWarp, token = block_index() * 8 + thread_index() / kWarp;
  if (token >= a.count) return;
  const float* row = a.input + static_cast<long>(token) * a.columns;
  float sum = 0;
  for (int i = lane * 2; i < a.columns; i += 2 * kWarp) sum += row[i] * row[i] + row[i + 1] * row[i + 1];
  for (int mask = 16; mask > 0; mask >>= 1) sum += shuffle_xor(sum, mask);
  const float factor = rsqrt_fast(sum / static_cast<float>(a.columns) + a.epsilon);
  for (int pair = lane; pair < a.columns / 2; pair += kWarp) {
    const u32 both = pack_bf16x2(row[2 * pair] * factor * a.weight[2 * pair],
                                 row[2 * pair + 1] * factor * a.weight[2 * pair + 1]);
    *reinterpret_cast<u32*>(a.output + token_pair_offset(a.order, token, pair, a.columns / kTokenTile)) = both;
  }
}

}  // namespace estoc::gpu
