// What a part of a layer has computed enters the residual stream (add_part.h).
#pragma once

#include "gpu/source/add_part.h"
#include "gpu/source/device.h"
#include "gpu/source/row_sum.cu.h"

namespace estoc::gpu {

KERNEL(kAddPartThreads, 1, add_part, (AddPartArguments a)) {
  SHARED(sums, float[kAddPartThreads / kWarp]);
  grid_release();
  grid_wait();
  const long row = block_index();
  const float* part = a.part + row * a.columns;
  float* residual = a.residual + row * a.columns;
  float factor = a.scale;
  if (a.norm != nullptr) {
    float squares = 0;
    for (int i = thread_index(); i < a.columns; i += kAddPartThreads) squares += part[i] * part[i];
    squares = row_sum<kAddPartThreads>(squares, sums);
    factor *= rsqrt_fast(squares / static_cast<float>(a.columns) + a.epsilon);
  }
  u32* to = reinterpret_cast<u32*>(a.inputs + row * a.columns);
  float squares = 0;
  for (int pair = thread_index(); pair < a.columns / 2; pair += kAddPartThreads) {
    float x[2];
    UNROLL
    for (int i = 0; i < 2; ++i) {
      const int at = 2 * pair + i;
      x[i] = residual[at] + part[at] * factor * (a.norm != nullptr ? a.norm[at] : 1);
      residual[at] = x[i];
      squares += x[i] * x[i];
    }
    if (a.next_norm != nullptr) to[pair] = pack_bf16x2(x[0] * a.next_norm[2 * pair], x[1] * a.next_norm[2 * pair + 1]);
  }
  if (a.next_norm == nullptr) return;
  squares = row_sum<kAddPartThreads>(squares, sums);
  if (thread_index() == 0) a.squares[row] = squares;
}

}  // namespace estoc::gpu
