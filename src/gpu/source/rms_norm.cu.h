// RMS norm of f32 rows to bf16, a block of 256 threads a row: for prompts; decode has it inside its projections.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/rms_norm.h"

namespace estoc::gpu {

KERNEL(kRmsNormThreads, 1, rms_norm, (RmsNormArguments a)) {
  constexpr int kWarps = kRmsNormThreads / kWarp;
  SHARED(part, float[kWarps]);
  grid_release();
  grid_wait();
  const float* row = a.input + static_cast<long>(block_index()) * a.columns;
  float sum = 0;
  for (int i = thread_index(); i < a.columns; i += kRmsNormThreads) sum += row[i] * row[i];
  for (int mask = 16; mask > 0; mask >>= 1) sum += shuffle_xor(sum, mask);
  if (thread_index() % kWarp == 0) part[thread_index() / kWarp] = sum;
  sync_block();
  sum = 0;
  for (int w = 0; w < kWarps; ++w) sum += part[w];
  const float factor = rsqrt_fast(sum / static_cast<float>(a.columns) + a.epsilon);
  u16* output = a.output + static_cast<long>(block_index()) * a.columns;
  for (int i = thread_index(); i < a.columns; i += kRmsNormThreads) {
    output[i] = static_cast<u16>(pack_bf16x2(row[i] * factor * a.weight[i], 0));
  }
}

}  // namespace estoc::gpu
