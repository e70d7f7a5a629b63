// A gated short convolution over each sequence of a batch, with the inputs before the batch in its fixed state.
#pragma once

#include <span>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

struct ShortConvWeights {
  std::span<const float> taps;  // [width][columns]
  std::span<const float> bias;  // [columns] or empty
  int width = 0;
};

// out [rows][columns] = gate * conv(b * x), where in [rows][3 columns] holds b, gate and x side by side. Each
// sequence's state in `layer`, f32 [width - 1][columns], is read and brought up to its last row; zeros precede its
// first position.
void short_conv(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const Rows& in,
                const ShortConvWeights& weights, Rows& out);

}  // namespace estoc
