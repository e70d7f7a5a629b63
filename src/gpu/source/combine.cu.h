// What experts gave becomes one row (combine.h).
#pragma once

#include "gpu/source/combine.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

KERNEL(kCombineThreads, 1, combine_experts, (CombineArguments a)) {
  grid_release();
  grid_wait();
  const long row = block_index();
  const int* places = a.places + row * a.chosen;
  const float* weights = a.weights + row * a.chosen;
  for (int column = thread_index() * 4; column < a.columns; column += kCombineThreads * 4) {
    float sum[4] = {0, 0, 0, 0};
    for (int j = 0; j < a.chosen; ++j) {
      float part[4];
      load_f32x4(part, a.parts + static_cast<long>(places[j]) * a.columns + column);
      UNROLL
      for (int i = 0; i < 4; ++i) sum[i] += weights[j] * part[i];
    }
    const long at = row * a.columns + column;
    if (a.shared != nullptr) {
      const float weight = a.shared_weight != nullptr ? a.shared_weight[row] : 1;
      UNROLL
      for (int i = 0; i < 4; ++i) sum[i] += a.shared[at + i] * weight;
    }
    float* to = a.output != nullptr ? a.output : a.residual;
    UNROLL
    for (int i = 0; i < 4 && a.output == nullptr; ++i) sum[i] += a.residual[at + i];
    store_f32x4(to + at, sum);
  }
}

}  // namespace estoc::gpu
