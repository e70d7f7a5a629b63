#include "ops/short_conv.h"

#include "base/check.h"
#include "ops/conv_columns.h"
#include "ops/profile.h"

namespace estoc {

void short_conv(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const Rows& in,
                const ShortConvWeights& weights, Rows& out) {
  const int64_t columns = out.columns();
  ESTOC_DCHECK(in.columns() == 3 * columns && static_cast<int64_t>(weights.taps.size()) == weights.width * columns);
  const ProfileScope scope(compute, "short_conv");
  out.reset(in.count());
  for_conv_columns(compute, batch, states, layer, in.count(), columns, weights.width,
                   [&](const BatchSequence& sequence, float* state, int64_t begin, int64_t end) {
                     const float* const row = in.row(sequence.first_row);
                     compute.kernels.short_conv({.b = row,
                                                 .gate = row + columns,
                                                 .x = row + 2 * columns,
                                                 .row_stride = in.stride(),
                                                 .row_count = sequence.row_count,
                                                 .columns = columns,
                                                 .begin = begin,
                                                 .end = end,
                                                 .taps = weights.taps.data(),
                                                 .bias = weights.bias.empty() ? nullptr : weights.bias.data(),
                                                 .width = weights.width,
                                                 .state = state,
                                                 .out = out.row(sequence.first_row),
                                                 .out_stride = out.stride()});
                   });
}

}  // namespace estoc
