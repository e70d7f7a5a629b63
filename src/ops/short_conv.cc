#include "ops/short_conv.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {

void short_conv(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const Rows& in,
                const ShortConvWeights& weights, Rows& out) {
  const int64_t columns = out.columns();
  ESTOC_DCHECK(in.columns() == 3 * columns && static_cast<int64_t>(weights.taps.size()) == weights.width * columns);
  const ProfileScope scope(compute, "short_conv");
  out.reset(in.count());
  const int group = states.layout().group_of(layer);
  const auto some = [&](int64_t begin, int64_t end, int) {
    for (const BatchSequence& sequence : batch.sequences) {
      auto* const state = reinterpret_cast<float*>(states.fixed(layer, sequence.table(group).front()));
      for (int64_t k = 0; sequence.position == 0 && k + 1 < weights.width; ++k) {
        std::fill(state + k * columns + begin, state + k * columns + end, 0.0f);
      }
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
    }
  };
  if (!Compute::is_worth_splitting(in.count() * columns)) {
    some(0, columns, 0);
  } else {
    compute.team.parallel_for(columns, 16, some);
  }
}

}  // namespace estoc
