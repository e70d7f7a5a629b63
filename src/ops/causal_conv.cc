#include "ops/causal_conv.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {

void causal_conv(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const Rows& in,
                 int64_t first_column, const CausalConvWeights& weights, Rows& out) {
  const int64_t columns = out.columns();
  ESTOC_DCHECK(std::ssize(weights.taps) == weights.width * columns && first_column + columns <= in.columns());
  const ProfileScope scope(compute, "causal_conv");
  out.reset(in.count());
  const int group = states.layout().group_of(layer);
  const auto some = [&](int64_t begin, int64_t end, int) {
    for (const BatchSequence& sequence : batch.sequences) {
      auto* const state = reinterpret_cast<float*>(states.fixed(layer, sequence.table(group).front()));
      for (int64_t k = 0; sequence.position == 0 && k + 1 < weights.width; ++k) {
        std::fill(state + k * columns + begin, state + k * columns + end, 0.0f);
      }
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
    }
  };
  if (!Compute::is_worth_splitting(in.count() * columns)) {
    some(0, columns, 0);
  } else {
    compute.team.parallel_for(columns, 16, some);
  }
}

}  // namespace estoc
