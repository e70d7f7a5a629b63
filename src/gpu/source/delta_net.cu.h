// The memories of a gated delta net (delta_net.h). A head's memory lies in the registers of its block's threads while
// the rows of a sequence go by: four threads have a column of the value, each a quarter of the keys' dimensions.
#pragma once

#include "gpu/source/causal_conv.cu.h"
#include "gpu/source/curves.cu.h"
#include "gpu/source/delta_net.h"
#include "gpu/source/device.h"
#include "gpu/source/row_sum.cu.h"

namespace estoc::gpu {

// A row's query and key in shared memory, and the threads' parts of the squares of their lengths.
struct DeltaShared {
  float query[kDeltaKeyDimMax], key[kDeltaKeyDimMax];
  float query_squares[kDeltaRuleThreads / kWarp], key_squares[kDeltaRuleThreads / kWarp];
};

DEVICE void load_query_key(DeltaShared& shared, const float* query, const float* key, int key_dim) {
  const int thread = thread_index();
  const float q = thread < key_dim ? query[thread] : 0, k = thread < key_dim ? key[thread] : 0;
  shared.query[thread] = q;
  shared.key[thread] = k;
  float query_squares = q * q, key_squares = k * k;
  UNROLL
  for (int mask = 16; mask > 0; mask >>= 1) {
    query_squares += shuffle_xor(query_squares, mask);
    key_squares += shuffle_xor(key_squares, mask);
  }
  if (thread % kWarp == 0) {
    shared.query_squares[thread / kWarp] = query_squares;
    shared.key_squares[thread / kWarp] = key_squares;
  }
}
DEVICE float delta_length(const float (&squares)[kDeltaRuleThreads / kWarp]) {
  constexpr float kUnitEpsilon = 1e-6f;
  float sum = 0;
  UNROLL
  for (int w = 0; w < kDeltaRuleThreads / kWarp; ++w) sum += squares[w];
  return rsqrt_fast(sum + kUnitEpsilon);
}

// How much a head forgets and learns at a row.
struct DeltaGates {
  float decay, beta;
};
DEVICE DeltaGates delta_gates(const DeltaNetArguments& a, int row, int head) {
  const float* inputs = a.conv.inputs + static_cast<long>(row) * a.conv.input_stride + delta_conv_columns(a.shape) +
                        delta_value_columns(a.shape);
  const float softplus = softplus_fast(inputs[head] + a.decay_bias[head]);
  return {exp2_fast(-a.decay_rate[head] * softplus * kLog2E), sigmoid_fast(inputs[a.shape.value_heads + head])};
}

KERNEL(kDeltaRuleThreads, 1, delta_rule, (DeltaNetArguments a)) {
  SHARED(shared, DeltaShared[2]);
  constexpr int kOwn = kDeltaKeyDimMax / 4;
  grid_release();
  grid_wait();
  const DeltaNetShape& s = a.shape;
  const int parts = delta_parts(s.value_dim), head = block_index() / parts, part = block_index() % parts;
  const int thread = thread_index(), quarter = thread % 4, local = thread / 4;
  const int column = part * kDeltaColumns + local, own = s.key_dim / 4, conv_columns = delta_conv_columns(s);
  const int key_head = s.are_heads_in_turn != 0 ? head % s.key_heads : head / (s.value_heads / s.key_heads);
  const SequenceRows sequence = sequence_of(a.rows, block_index_y());
  const bool is_new = a.rows.positions[sequence.first] == 0, is_inside = column < s.value_dim;
  float* const state = state_of(a.rows, sequence.first);
  float* const memory = state + static_cast<long>(head) * delta_head_floats(s) + part * s.key_dim * kDeltaColumns +
                        quarter * own * kDeltaColumns + local;
  float m[kOwn];
  UNROLL
  for (int i = 0; i < kOwn; ++i) m[i] = i < own && !is_new ? memory[i * kDeltaColumns] : 0;
  const float query_scale = rsqrt_fast(static_cast<float>(s.key_dim));
  for (int r = 0; r < sequence.rows; ++r) {
    const int row = sequence.first + r;
    float* const values = a.convolved + static_cast<long>(row) * conv_columns;
    DeltaShared& now = shared[r % 2];  // the other one may still be read
    load_query_key(now, values + key_head * s.key_dim, values + delta_key_columns(s) + key_head * s.key_dim, s.key_dim);
    float* const value = values + 2 * delta_key_columns(s) + head * s.value_dim + column;
    const float wanted = is_inside ? *value : 0;
    const DeltaGates gates = delta_gates(a, row, head);
    sync_block();
    const float* const key = now.key + quarter * own;
    const float* const query = now.query + quarter * own;
    const float key_length = delta_length(now.key_squares), query_length = delta_length(now.query_squares);
    float foreseen = 0;
    UNROLL
    for (int i = 0; i < kOwn; ++i) {
      m[i] *= gates.decay;
      if (i < own) foreseen += m[i] * key[i];
    }
    const float change = gates.beta * (wanted - sum_of_four(foreseen) * key_length) * key_length;
    float answer = 0;
    UNROLL
    for (int i = 0; i < kOwn; ++i) {
      if (i >= own) continue;
      m[i] += key[i] * change;
      answer += m[i] * query[i];
    }
    answer = sum_of_four(answer) * query_length * query_scale;
    if (is_inside && quarter == 0) *value = answer;
  }
  UNROLL
  for (int i = 0; i < kOwn; ++i) {
    if (i < own) memory[i * kDeltaColumns] = m[i];
  }
  keep_inputs<kDeltaRuleThreads>(a.rows, a.conv, state, sequence, block_index(), grid_blocks());
}

}  // namespace estoc::gpu
