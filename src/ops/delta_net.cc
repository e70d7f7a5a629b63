#include "ops/delta_net.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {
namespace {

using kernels::kDeltaLanes;
using kernels::kDeltaRowsMax;

constexpr float kUnitEpsilon = 1e-6f;  // of the squared length of queries and keys

int64_t head_state_floats(const DeltaNetShape& shape) {
  return kernels::delta_state_floats(shape.key_dim, shape.value_dim);
}

// One layer's state of one sequence.
struct SequenceState {
  float* heads;
  float* inputs;  // [conv_width - 1][conv_columns]
};

SequenceState state_of(const StateStorage& states, int layer, const DeltaNetShape& shape,
                       const BatchSequence& sequence) {
  const BlockId block = sequence.table(states.layout().group_of(layer)).front();
  auto* const heads = reinterpret_cast<float*>(states.fixed(layer, block));
  return {heads, heads + shape.value_heads * head_state_floats(shape)};
}

// Columns of one head that go through the convolution, and what gives them their length afterwards.
struct ConvHead {
  Rows* rows;
  int64_t begin, count;  // columns of `rows`
  int64_t first;         // column of the taps
  std::span<const float> scale;
};

ConvHead conv_head(const DeltaNetShape& shape, const DeltaNetWeights& weights, const DeltaNetRows& rows, int64_t head) {
  const int64_t keys = shape.key_heads, key_dim = shape.key_dim;
  if (head < keys) return {rows.q, head * key_dim, key_dim, head * key_dim, weights.query_scale};
  if (head < 2 * keys) return {rows.k, (head - keys) * key_dim, key_dim, head * key_dim, weights.key_scale};
  const int64_t column = (head - 2 * keys) * shape.value_dim;
  return {rows.v, column, shape.value_dim, 2 * shape.key_columns() + column, {}};
}

void convolve(const Compute& compute, const Batch& batch, const StateStorage& states, int layer,
              const DeltaNetShape& shape, const DeltaNetWeights& weights, const DeltaNetRows& rows) {
  const ProfileScope scope(compute, "causal_conv");
  const auto sequence_count = static_cast<int64_t>(batch.sequences.size());
  const int64_t columns = shape.conv_columns();
  const auto convolve_head = [&](const ConvHead& head, const BatchSequence& sequence) {
    float* const inputs = state_of(states, layer, shape, sequence).inputs;
    if (sequence.position == 0) {
      for (int64_t k = 0; k + 1 < shape.conv_width; ++k)
        std::fill_n(inputs + k * columns + head.first, head.count, 0.0f);
    }
    float* const first = head.rows->row(sequence.first_row) + head.begin;
    compute.kernels.causal_conv({.in = first,
                                 .in_stride = head.rows->stride(),
                                 .row_count = sequence.row_count,
                                 .begin = 0,
                                 .end = head.count,
                                 .taps = weights.taps.data() + head.first,
                                 .tap_stride = columns,
                                 .bias = nullptr,
                                 .width = shape.conv_width,
                                 .state = inputs + head.first,
                                 .state_stride = columns,
                                 .out = first,
                                 .out_stride = head.rows->stride()});
    if (head.scale.empty()) return;
    const float epsilon = kUnitEpsilon / static_cast<float>(head.count);
    for (int64_t r = 0; r < sequence.row_count; ++r) {
      float* const row = first + r * head.rows->stride();
      compute.kernels.rms_norm(row, head.scale.data(), epsilon, head.count, row);
    }
  };
  const int64_t head_count = 2 * int64_t{shape.key_heads} + shape.value_heads;
  const auto some = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      convolve_head(conv_head(shape, weights, rows, i / sequence_count),
                    batch.sequences[static_cast<size_t>(i % sequence_count)]);
    }
  };
  const int64_t count = head_count * sequence_count;
  if (!Compute::is_worth_splitting(rows.v->count() * columns)) {
    some(0, count, 0);
  } else {
    compute.team.parallel_chunks(count, 1, 4, some);
  }
}

// ln(1 + e^x), where e^x may be more than a float holds.
float softplus(float x) { return x > 20.0f ? x : std::log1p(std::exp(x)); }

// Some of the columns of one value head, for all rows of a sequence.
struct DeltaHead {
  int64_t head;
  int64_t block_begin, block_end;  // of kDeltaLanes columns
};

void apply_rule(const Compute& compute, const DeltaHead& part, const BatchSequence& sequence, float* state,
                const DeltaNetShape& shape, const DeltaNetWeights& weights, const DeltaNetRows& rows) {
  const int64_t block_floats = shape.key_dim * kDeltaLanes;
  if (sequence.position == 0) {
    std::fill(state + part.block_begin * block_floats, state + part.block_end * block_floats, 0.0f);
  }
  const int64_t key_column = shape.key_head(part.head) * shape.key_dim;
  const auto head = static_cast<size_t>(part.head);
  const float rate = weights.decay_rate[head], bias = weights.decay_bias[head];
  std::array<float, kDeltaRowsMax> decay, beta;
  for (int64_t begin = 0; begin < sequence.row_count; begin += kDeltaRowsMax) {
    const int64_t count = std::min(kDeltaRowsMax, sequence.row_count - begin), first = sequence.first_row + begin;
    for (int64_t r = 0; r < count; ++r) {
      const auto at = static_cast<size_t>(r);
      decay[at] = std::exp(-rate * softplus(rows.a->row(first + r)[part.head] + bias));
      beta[at] = 1 / (1 + std::exp(-rows.b->row(first + r)[part.head]));
    }
    float* const values = rows.v->row(first) + part.head * shape.value_dim;
    compute.kernels.delta_rule({.q = rows.q->row(first) + key_column,
                                .k = rows.k->row(first) + key_column,
                                .key_stride = rows.k->stride(),
                                .v = values,
                                .value_stride = rows.v->stride(),
                                .decay = decay.data(),
                                .beta = beta.data(),
                                .gate_stride = 1,
                                .row_count = count,
                                .key_dim = shape.key_dim,
                                .value_dim = shape.value_dim,
                                .block_begin = part.block_begin,
                                .block_end = part.block_end,
                                .is_row_by_row = compute.is_deterministic,
                                .state = state,
                                .out = values,
                                .out_stride = rows.v->stride()});
  }
}

}  // namespace

int64_t DeltaNetShape::state_bytes() const {
  const int64_t floats = value_heads * head_state_floats(*this) + (conv_width - 1) * conv_columns();
  return floats * static_cast<int64_t>(sizeof(float));
}

void delta_net(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const DeltaNetShape& shape,
               const DeltaNetWeights& weights, const DeltaNetRows& rows) {
  ESTOC_DCHECK(rows.q->columns() == shape.key_columns() && rows.v->columns() == shape.value_columns());
  ESTOC_DCHECK(static_cast<int64_t>(weights.taps.size()) == shape.conv_width * shape.conv_columns());
  for (Rows* changed : {rows.q, rows.k, rows.v}) changed->touch();
  convolve(compute, batch, states, layer, shape, weights, rows);

  const ProfileScope scope(compute, "delta_rule");
  const auto sequence_count = static_cast<int64_t>(batch.sequences.size());
  // Whole heads share what is made of their keys; where heads are few for the team, a head's columns are divided too.
  const int64_t blocks = kernels::delta_lane_blocks(shape.value_dim);
  const bool are_whole = shape.value_heads * sequence_count >= 4 * int64_t{compute.team.thread_count()};
  const int64_t parts = are_whole ? 1 : blocks, part_blocks = blocks / parts;
  // A thread's share is the same heads of all sequences: of those with many rows everybody has some.
  compute.team.parallel_chunks(shape.value_heads * parts * sequence_count, 1, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const BatchSequence& sequence = batch.sequences[static_cast<size_t>(i % sequence_count)];
      const int64_t part = i / sequence_count, head = part / parts, block = part % parts * part_blocks;
      float* const state = state_of(states, layer, shape, sequence).heads + head * head_state_floats(shape);
      apply_rule(compute, {head, block, block + part_blocks}, sequence, state, shape, weights, rows);
    }
  });
}

}  // namespace estoc
