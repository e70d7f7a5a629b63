#include "ops/selective_scan.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {
namespace {

using kernels::kScanBlock;

// Blocks that are given out together.
constexpr int64_t kBlocksAtOnce = 8;

}  // namespace

std::vector<float> in_scan_blocks(std::span<const float> numbers, int64_t columns, int64_t state_size) {
  std::vector<float> blocks(static_cast<size_t>(kernels::scan_floats(columns, state_size)));
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t n = 0; n < state_size; ++n) {
      const int64_t at = (c / kScanBlock * state_size + n) * kScanBlock + c % kScanBlock;
      blocks[static_cast<size_t>(at)] = numbers[static_cast<size_t>(c * state_size + n)];
    }
  }
  return blocks;
}

int64_t scan_state_bytes(int64_t columns, int64_t state_size) {
  return kernels::scan_floats(columns, state_size) * static_cast<int64_t>(sizeof(float));
}

void selective_scan(const Compute& compute, const Batch& batch, StateStorage& states, int layer, int64_t state_offset,
                    const SelectiveScanWeights& weights, const Rows& x, const Rows& raw_steps, const Rows& bc,
                    Rows& out) {
  const int64_t columns = x.columns(), state_size = weights.state_size;
  ESTOC_DCHECK(raw_steps.columns() == columns && bc.columns() == 2 * state_size && out.columns() == columns);
  ESTOC_DCHECK(std::ssize(weights.skip) == columns);
  const ProfileScope scope(compute, "selective_scan");
  out.reset(x.count());
  const int state_group = states.layout().group_of(layer);

  const auto some_columns = [&](const BatchSequence& sequence, int64_t first, int64_t count) {
    const int64_t row = sequence.first_row, at = first * state_size;  // whole blocks lie before it
    auto* const state =
        reinterpret_cast<float*>(states.fixed(layer, sequence.table(state_group).front()) + state_offset) + at;
    if (sequence.position == 0) std::fill_n(state, kernels::scan_floats(count, state_size), 0.0f);
    compute.kernels.selective_scan({.x = x.row(row) + first,
                                    .raw_steps = raw_steps.row(row) + first,
                                    .b = bc.row(row),
                                    .c = bc.row(row) + state_size,
                                    .rates = weights.rates.data() + at,
                                    .skip = weights.skip.data() + first,
                                    .x_stride = x.stride(),
                                    .step_stride = raw_steps.stride(),
                                    .bc_stride = bc.stride(),
                                    .row_count = sequence.row_count,
                                    .columns = count,
                                    .state_size = state_size,
                                    .state = state,
                                    .out = out.row(row) + first,
                                    .out_stride = out.stride()});
  };
  constexpr int64_t kColumns = kBlocksAtOnce * kScanBlock;
  const int64_t pieces = (columns + kColumns - 1) / kColumns;
  compute.team.parallel_items(pieces * std::ssize(batch.sequences), [&](int64_t item, int) {
    const int64_t first = item % pieces * kColumns;
    some_columns(batch.sequences[static_cast<size_t>(item / pieces)], first, std::min(kColumns, columns - first));
  });
}

void norm_columns(const Compute& compute, std::span<const float> weight, float epsilon, int64_t first, Rows& rows) {
  const auto count = std::ssize(weight);
  ESTOC_DCHECK(first + count <= rows.columns());
  for (int64_t r = 0; r < rows.count(); ++r) {
    compute.kernels.rms_norm(rows.row(r) + first, weight.data(), epsilon, count, rows.row(r) + first);
  }
  rows.touch();
}

}  // namespace estoc
