#include "layers/sampled_rows.h"

#include <algorithm>

namespace estoc {

void SampledRows::select(const Batch& batch) {
  picked_.assign(batch.logit_rows.begin(), batch.logit_rows.end());
  are_all_ = picked_.size() == batch.tokens.size();
  tokens_.clear();
  sequences_.clear();
  logit_rows_.clear();
  size_t next = 0;
  for (const BatchSequence& sequence : batch.sequences) {
    for (int last = -2; next < picked_.size(); ++next) {
      const int row = picked_[next] - sequence.first_row;
      if (row >= sequence.row_count) break;
      if (row != last + 1) {
        sequences_.push_back({.first_row = static_cast<int>(tokens_.size()),
                              .row_count = 0,
                              .position = sequence.position + row,
                              .blocks = sequence.blocks,
                              .table_stride = sequence.table_stride});
      }
      ++sequences_.back().row_count;
      logit_rows_.push_back(static_cast<int32_t>(tokens_.size()));
      tokens_.push_back(batch.tokens[static_cast<size_t>(picked_[next])]);
      last = row;
    }
  }
  batch_ = {.tokens = tokens_, .sequences = sequences_, .logit_rows = logit_rows_};
}

// Wanted rows ascend, so none is overwritten before it has moved.
void SampledRows::pick(Rows& x) const {
  for (size_t i = 0; i < picked_.size(); ++i) {
    const float* from = x.row(picked_[i]);
    float* to = x.row(static_cast<int64_t>(i));
    if (from != to) std::copy_n(from, x.columns(), to);
  }
  x.reset(static_cast<int64_t>(picked_.size()));
}

void SampledRows::pick(std::vector<float>& values, int64_t columns) const {
  for (size_t i = 0; i < picked_.size(); ++i) {
    const float* from = values.data() + picked_[i] * columns;
    float* to = values.data() + static_cast<int64_t>(i) * columns;
    if (from != to) std::copy_n(from, columns, to);
  }
  values.resize(picked_.size() * static_cast<size_t>(columns));
}

}  // namespace estoc
