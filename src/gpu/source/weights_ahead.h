// Weights that later launches read, on their way to the L2 cache while this one computes (weights_ahead.cu.h).
//
// Weights never change, so they may be asked for long before the launch that reads them. Where they lie in the order of
// use, one range is what any launch asks for: about as many bytes as it reads itself, some distance further on. Then
// memory goes on reading while launches wait for each other, and through attention, which has few bytes of its own.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

struct WeightsAhead {
  const u8* at;  // 16-byte aligned
  u32 bytes;     // a multiple of 16; 0: nothing
};

}  // namespace estoc::gpu
