// A launch asks for weights that later ones read (weights_ahead.h).
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/weights_ahead.h"

namespace estoc::gpu {

// Share `share` of `shares` equal ones, asked for by one thread of the block. Waits for nothing.
DEVICE void ask_ahead(const WeightsAhead& ahead, int share, int shares) {
  if (thread_index() != 0 || ahead.bytes == 0) return;
  const u32 lines = (ahead.bytes + 127) / 128, count = static_cast<u32>(shares);
  const u32 each = (lines + count - 1) / count * 128;
  const long begin = static_cast<long>(share) * each;
  if (begin >= ahead.bytes) return;
  const u32 left = ahead.bytes - static_cast<u32>(begin);
  prefetch_l2(ahead.at + begin, left < each ? left : each);
}

}  // namespace estoc::gpu
