// A causal convolution with SiLU over each sequence of a batch, with the inputs before the batch in its fixed state.
#pragma once

#include <cstdint>
#include <span>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

inline constexpr int kCausalConvWidthMax = kernels::kCausalConvWidthMax;

struct CausalConvWeights {
  std::span<const float> taps;  // [width][columns]
  std::span<const float> bias;  // [columns] or empty
  int width = 0;                // positions, the present one included
};

// out [rows][columns] = silu(conv(x)), where x are as many columns of `in` from `first_column` on. Each sequence's last
// inputs, f32 [width - 1][columns], are the beginning of its fixed state of `layer`; they are read and brought up to
// its last row, and zeros precede its first position.
void causal_conv(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const Rows& in,
                 int64_t first_column, const CausalConvWeights& weights, Rows& out);

}  // namespace estoc
