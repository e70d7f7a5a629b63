// The end of a layer with a recurrent state (gated_norm.h).
#pragma once

#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/gated_norm.h"
#include "gpu/source/row_sum.cu.h"

namespace estoc::gpu {

KERNEL(kGatedNormThreads, 1, gated_norm, (GatedNormArguments a)) {
  SHARED(sums, float[kGatedNormThreads / kWarp]);
  grid_release();
  grid_wait();
  const int group = block_index(), row = block_index_y();
  const float* const values = a.values + static_cast<long>(row) * a.value_stride + group * a.width;
  const float* const gates = a.gates + static_cast<long>(row) * a.gate_stride + group * a.width;
  const float* const norm = a.norm != nullptr ? a.norm + static_cast<long>(group) * a.norm_stride : nullptr;
  const auto gate = [&](int i) INLINE {
    const float z = gates[i] * a.gate_scale;
    return z * sigmoid_fast(z);
  };
  float factor = 1;
  if (norm != nullptr) {
    float squares = 0;
    for (int i = thread_index(); i < a.width; i += kGatedNormThreads) {
      const float x = a.is_gate_first != 0 ? values[i] * gate(i) : values[i];
      squares += x * x;
    }
    factor = rsqrt_fast(row_sum<kGatedNormThreads>(squares, sums) / static_cast<float>(a.width) + a.epsilon);
  }
  for (int pair = thread_index(); pair < a.width / 2; pair += kGatedNormThreads) {
    float x[2];
    UNROLL
    for (int i = 0; i < 2; ++i) {
      const int at = 2 * pair + i;
      x[i] = values[at] * factor * (norm != nullptr ? norm[at] : 1) * gate(at);
    }
    u8* const to = reinterpret_cast<u8*>(a.output.to);
    *reinterpret_cast<u32*>(to + token_pair_offset(a.output, row, group * a.width / 2 + pair)) =
        pack_bf16x2(x[0], x[1]);
  }
}

}  // namespace estoc::gpu
