// What convolutions over the positions of each sequence of a batch have in common: their columns are independent, so
// the team divides them, and the last inputs of a sequence are its fixed state.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/compute.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

// Calls work(sequence, state, begin, end) for every sequence and all columns, cut into ranges. `state`, f32
// [width - 1][columns], is the beginning of the sequence's fixed state of `layer`; its columns are zeros before the
// first position.
template <typename Work>
void for_conv_columns(const Compute& compute, const Batch& batch, const StateStorage& states, int layer,
                      int64_t row_count, int64_t columns, int width, Work&& work) {
  const int group = states.layout().group_of(layer);
  const auto some = [&](int64_t begin, int64_t end, int) {
    for (const BatchSequence& sequence : batch.sequences) {
      auto* const state = reinterpret_cast<float*>(states.fixed(layer, sequence.table(group).front()));
      for (int64_t k = 0; sequence.position == 0 && k + 1 < width; ++k) {
        std::fill(state + k * columns + begin, state + k * columns + end, 0.0f);
      }
      work(sequence, state, begin, end);
    }
  };
  if (!Compute::is_worth_splitting(row_count * columns)) {
    some(0, columns, 0);
  } else {
    compute.team.parallel_for(columns, 16, some);
  }
}

}  // namespace estoc
