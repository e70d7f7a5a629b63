#include "ops/ssd.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {
namespace {

// From so many rows on, products of matrices are faster than going row by row.
constexpr int kChunkRowsMin = 4;

// Heads that are given out together: those of a chunk share its scores, which are worth little of the work.
constexpr int kHeadsAtOnce = 8;

}  // namespace

void ssd_steps(const Compute& compute, const Rows& in, int64_t first_column, const SsdWeights& weights, Rows& steps) {
  const auto heads = std::ssize(weights.skip);
  ESTOC_DCHECK(steps.columns() == 2 * heads);
  const ProfileScope scope(compute, "ssd_steps");
  steps.reset(in.count());
  steps.fill(compute, RowForm::values, [&](int64_t r, float* to) {
    compute.kernels.ssd_steps({.raw = in.row(r) + first_column,
                               .bias = weights.step_bias.data(),
                               .rates = weights.rates.data(),
                               .least = weights.step_min,
                               .most = weights.step_max,
                               .heads = heads,
                               .steps = to,
                               .decays = to + heads});
  });
}

void ssd(const Compute& compute, const Batch& batch, StateStorage& states, int layer, int64_t state_offset,
         const SsdShape& shape, const SsdWeights& weights, const Rows& in, const Rows& steps, Rows& out) {
  ESTOC_DCHECK(in.columns() == shape.columns() && steps.columns() == 2 * shape.heads);
  ESTOC_DCHECK(out.columns() == shape.x_columns() && std::ssize(weights.skip) == shape.heads);
  const ProfileScope scope(compute, "ssd");
  out.reset(in.count());
  const int state_group = states.layout().group_of(layer);
  const int group_heads = shape.heads / shape.groups;
  const int pieces = (group_heads + kHeadsAtOnce - 1) / kHeadsAtOnce;  // of a group
  const int64_t head_floats = int64_t{shape.head_dim} * shape.state_size;

  const auto some_heads = [&](const BatchSequence& sequence, int group, int first, int count) {
    const int head = group * group_heads + first;
    const float* const row = in.row(sequence.first_row);
    auto* const state =
        reinterpret_cast<float*>(states.fixed(layer, sequence.table(state_group).front()) + state_offset) +
        head * head_floats;
    if (sequence.position == 0) std::fill_n(state, count * head_floats, 0.0f);
    kernels::SsdHeads work = {.x = row + int64_t{head} * shape.head_dim,
                              .b = row + shape.x_columns() + int64_t{group} * shape.state_size,
                              .steps = steps.row(sequence.first_row) + head,
                              .skip = weights.skip.data() + head,
                              .x_stride = in.stride(),
                              .bc_stride = in.stride(),
                              .step_stride = steps.stride(),
                              .row_count = sequence.row_count,
                              .heads = count,
                              .head_dim = shape.head_dim,
                              .state_size = shape.state_size,
                              .state = state,
                              .out = out.row(sequence.first_row) + int64_t{head} * shape.head_dim,
                              .out_stride = out.stride()};
    work.c = work.b + shape.bc_columns();
    work.decays = work.steps + shape.heads;
    // Where chunks begin depends on the batch, and their sums with it.
    if (compute.is_deterministic || sequence.row_count < kChunkRowsMin) return compute.kernels.ssd_rows(work);
    for (int64_t left = sequence.row_count; left > 0; left -= work.row_count) {
      work.row_count = std::min(left, kernels::kSsdChunk);
      compute.kernels.ssd_chunk(work);
      work.x += work.row_count * work.x_stride;
      work.b += work.row_count * work.bc_stride;
      work.c += work.row_count * work.bc_stride;
      work.steps += work.row_count * work.step_stride;
      work.decays += work.row_count * work.step_stride;
      work.out += work.row_count * work.out_stride;
    }
  };
  const int64_t items = int64_t{shape.groups} * pieces;
  compute.team.parallel_items(items * std::ssize(batch.sequences), [&](int64_t item, int) {
    const auto at = static_cast<int>(item % items);
    const int first = at % pieces * kHeadsAtOnce;
    some_heads(batch.sequences[static_cast<size_t>(item / items)], at / pieces, first,
               std::min(kHeadsAtOnce, group_heads - first));
  });
}

}  // namespace estoc
