// The inside of a gated delta net (delta_net.h). A head's memory lies in the registers of its block's threads while the
// rows of a sequence go by: four threads have a column of the value, each a quarter of the keys' dimensions.
#pragma once

#include "gpu/source/curves.cu.h"
#include "gpu/source/delta_net.h"
#include "gpu/source/device.h"
#include "gpu/source/row_sum.cu.h"

namespace estoc::gpu {

DEVICE float* delta_state(const DeltaNetArguments& a, int row) {
  const u32 block = a.tables[a.table_starts != nullptr ? a.table_starts[row] : row];
  return reinterpret_cast<float*>(a.states + block * a.block_stride);
}
DEVICE float* delta_conv_state(const DeltaNetArguments& a, float* state) {
  return state + static_cast<long>(a.shape.value_heads) * delta_head_floats(a.shape);
}

// What stood in the column `back` rows before `row`: in this batch, in the state, or nowhere.
DEVICE float delta_input(const DeltaNetArguments& a, const float* conv_state, int row, int first, int column,
                         int back) {
  if (row - back >= first) return a.inputs[static_cast<long>(row - back) * delta_inputs(a.shape) + column];
  const int before = first - (row - back);  // rows before the batch's first
  if (before > a.positions[first]) return 0;
  return conv_state[static_cast<long>(a.shape.conv_width - 1 - before) * delta_conv_columns(a.shape) + column];
}

KERNEL(kDeltaConvThreads, 1, delta_conv, (DeltaNetArguments a)) {
  grid_release();
  grid_wait();
  const int column = block_index() * kDeltaConvThreads + thread_index(), row = block_index_y();
  const int columns = delta_conv_columns(a.shape), first = a.first_rows != nullptr ? a.first_rows[row] : row;
  if (column >= columns) return;
  const float* state = delta_conv_state(a, delta_state(a, row));
  float sum = 0;
  for (int k = 0; k < a.shape.conv_width; ++k) {
    sum += a.taps[k * columns + column] * delta_input(a, state, row, first, column, a.shape.conv_width - 1 - k);
  }
  a.convolved[static_cast<long>(row) * columns + column] = sum * sigmoid_fast(sum);
}

DEVICE float sum_of_four(float x) {
  x += shuffle_xor(x, 1);
  return x + shuffle_xor(x, 2);
}

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
  const float* inputs = a.inputs + static_cast<long>(row) * delta_inputs(a.shape) + delta_conv_columns(a.shape) +
                        delta_value_columns(a.shape);
  const float x = inputs[head] + a.decay_bias[head];
  const float e = exp2_fast((x < 20 ? x : 20) * kLog2E);
  // ln(1 + e), where e may be far below what can be added to 1
  const float softplus = x > 20 ? x : e < 1e-2f ? e * (1 - e * (0.5f - e * 0.33333333f)) : log2_fast(1 + e) * kLn2;
  return {exp2_fast(-a.decay_rate[head] * softplus * kLog2E), sigmoid_fast(inputs[a.shape.value_heads + head])};
}

// The last inputs of some of the convolution's columns, for whoever comes next. A thread has a column.
DEVICE void keep_inputs(const DeltaNetArguments& a, float* conv_state, int first, int rows, int share, int shares) {
  const int columns = delta_conv_columns(a.shape), kept = a.shape.conv_width - 1;
  for (int column = share * kDeltaRuleThreads + thread_index(); column < columns;
       column += shares * kDeltaRuleThreads) {
    float inputs[kDeltaConvWidthMax];
    UNROLL
    for (int k = 0; k < kDeltaConvWidthMax; ++k) {
      inputs[k] = k < kept ? delta_input(a, conv_state, first + rows - 1, first, column, kept - 1 - k) : 0;
    }
    UNROLL
    for (int k = 0; k < kDeltaConvWidthMax; ++k) {
      if (k < kept) conv_state[static_cast<long>(k) * columns + column] = inputs[k];
    }
  }
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
  const int first = a.sequences != nullptr ? a.sequences[block_index_y()].first : block_index_y();
  const int rows = a.sequences != nullptr ? a.sequences[block_index_y()].rows : 1;
  const bool is_new = a.positions[first] == 0, is_inside = column < s.value_dim;
  float* const state = delta_state(a, first);
  float* const memory = state + static_cast<long>(head) * delta_head_floats(s) + part * s.key_dim * kDeltaColumns +
                        quarter * own * kDeltaColumns + local;
  float m[kOwn];
  UNROLL
  for (int i = 0; i < kOwn; ++i) m[i] = i < own && !is_new ? memory[i * kDeltaColumns] : 0;
  const float query_scale = rsqrt_fast(static_cast<float>(s.key_dim));
  for (int r = 0; r < rows; ++r) {
    const int row = first + r;
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
  keep_inputs(a, delta_conv_state(a, state), first, rows, block_index(), grid_blocks());
}

KERNEL(kDeltaNormThreads, 1, delta_norm, (DeltaNetArguments a)) {
  SHARED(sums, float[kDeltaNormThreads / kWarp]);
  grid_release();
  grid_wait();
  const DeltaNetShape& s = a.shape;
  const int head = block_index(), row = block_index_y(), columns = delta_value_columns(s);
  const float* answers =
      a.convolved + static_cast<long>(row) * delta_conv_columns(s) + 2 * delta_key_columns(s) + head * s.value_dim;
  const float* gates = a.inputs + static_cast<long>(row) * delta_inputs(s) + delta_conv_columns(s) + head * s.value_dim;
  float squares = 0;
  for (int i = thread_index(); i < s.value_dim; i += kDeltaNormThreads) squares += answers[i] * answers[i];
  const float factor =
      rsqrt_fast(row_sum<kDeltaNormThreads>(squares, sums) / static_cast<float>(s.value_dim) + a.epsilon);
  for (int pair = thread_index(); pair < s.value_dim / 2; pair += kDeltaNormThreads) {
    float x[2];
    UNROLL
    for (int i = 0; i < 2; ++i) {
      const int at = 2 * pair + i;
      x[i] = answers[at] * factor * a.norm[at] * gates[at] * sigmoid_fast(gates[at]);
    }
    const u32 both = pack_bf16x2(x[0], x[1]);
    const int at = (head * s.value_dim) / 2 + pair;
    u8* to = reinterpret_cast<u8*>(a.output);
    const long offset = a.output_tiles == 0 ? static_cast<long>(row) * columns * 2 + at * 4L
                                            : token_pair_offset(a.order, row, at, a.output_tiles);
    *reinterpret_cast<u32*>(to + offset) = both;
  }
}

}  // namespace estoc::gpu
