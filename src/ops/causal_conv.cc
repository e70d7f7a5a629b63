#include "ops/causal_conv.h"

#include <iterator>

#include "base/check.h"
#include "ops/conv_columns.h"
#include "ops/profile.h"

namespace estoc {

void causal_conv(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const Rows& in,
                 int64_t first_column, const CausalConvWeights& weights, Rows& out) {
  const int64_t columns = out.columns();
  ESTOC_DCHECK(std::ssize(weights.taps) == weights.width * columns && first_column + columns <= in.columns());
  const ProfileScope scope(compute, "causal_conv");
  out.reset(in.count());
  for_conv_columns(compute, batch, states, layer, in.count(), columns, weights.width,
                   [&](const BatchSequence& sequence, float* state, int64_t begin, int64_t end) {
                     compute.kernels.causal_conv({.in = in.row(sequence.first_row) + first_column,
                                                  .in_stride = in.stride(),
                                                  .row_count = sequence.row_count,
                                                  .begin = begin,
                                                  .end = end,
                                                  .taps = weights.taps.data(),
                                                  .tap_stride = columns,
                                                  .bias = weights.bias.empty() ? nullptr : weights.bias.data(),
                                                  .width = weights.width,
                                                  .state = state,
                                                  .state_stride = columns,
                                                  .out = out.row(sequence.first_row),
                                                  .out_stride = out.stride()});
                   });
}

}  // namespace estoc
