// Convolutions over the last positions of each sequence (causal_conv.h): a thread a column and row.
#pragma once

#include "gpu/source/causal_conv.h"
#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

DEVICE float* state_of(const StateRows& rows, int row) {
  const u32 block = rows.tables[rows.table_starts != nullptr ? rows.table_starts[row] : row];
  return reinterpret_cast<float*>(rows.states + block * rows.block_stride);
}
DEVICE SequenceRows sequence_of(const StateRows& rows, int sequence) {
  return rows.sequences != nullptr ? rows.sequences[sequence] : SequenceRows{sequence, 1};
}

// What stood in the column `back` rows before `row`: in this batch, in the state, or nowhere.
DEVICE float conv_input(const StateRows& rows, const CausalConv& conv, const float* kept, int row, int first,
                        int column, int back) {
  if (row - back >= first) {
    const long at = static_cast<long>(row - back) * conv.input_stride + column;
    return conv.factors != nullptr ? conv.inputs[at] * conv.factors[at] : conv.inputs[at];
  }
  const int before = first - (row - back);  // rows before the batch's first
  if (before > rows.positions[first]) return 0;
  return kept[static_cast<long>(conv.width - 1 - before) * conv.columns + column];
}

DEVICE float conv_sum(const StateRows& rows, const CausalConv& conv, const float* kept, int row, int first,
                      int column) {
  float sum = conv.bias != nullptr ? conv.bias[column] : 0;
  for (int k = 0; k < conv.width; ++k) {
    sum += conv.taps[k * conv.columns + column] * conv_input(rows, conv, kept, row, first, column, conv.width - 1 - k);
  }
  return sum;
}

// The last inputs of a column, for whoever comes next.
DEVICE void keep_column(const StateRows& rows, const CausalConv& conv, float* kept, const SequenceRows& sequence,
                        int column) {
  float inputs[kConvWidthMax];
  UNROLL
  for (int k = 0; k < kConvWidthMax; ++k) {
    inputs[k] = k < conv.width - 1 ? conv_input(rows, conv, kept, sequence.first + sequence.rows - 1, sequence.first,
                                                column, conv.width - 2 - k)
                                   : 0;
  }
  UNROLL
  for (int k = 0; k < kConvWidthMax; ++k) {
    if (k < conv.width - 1) kept[static_cast<long>(k) * conv.columns + column] = inputs[k];
  }
}

// Those of some of a sequence's columns: this block's share of so many blocks of kThreads.
template <int kThreads>
DEVICE void keep_inputs(const StateRows& rows, const CausalConv& conv, float* state, const SequenceRows& sequence,
                        int share, int shares) {
  for (int column = share * kThreads + thread_index(); column < conv.columns; column += shares * kThreads) {
    keep_column(rows, conv, state + conv.state_at, sequence, column);
  }
}

DEVICE void store_half(const TokenRows& rows, int row, int column, float x) {
  const long offset = token_pair_offset(rows, row, column / 2) + column % 2 * 2;
  *reinterpret_cast<u16*>(reinterpret_cast<u8*>(rows.to) + offset) = static_cast<u16>(pack_bf16x2(x, 0));
}

KERNEL(kConvThreads, 1, causal_conv, (CausalConvArguments a)) {
  grid_release();
  grid_wait();
  const int column = block_index() * kConvThreads + thread_index(), row = block_index_y();
  const int first = a.rows.first_rows != nullptr ? a.rows.first_rows[row] : row;
  if (column >= a.conv.columns) return;
  const float sum = conv_sum(a.rows, a.conv, state_of(a.rows, row) + a.conv.state_at, row, first, column);
  const float x = sum * sigmoid_fast(sum);
  a.output[static_cast<long>(row) * a.conv.columns + column] = x;
  if (a.halves.to != nullptr) store_half(a.halves, row, column, x);
}

KERNEL(kConvThreads, 1, short_conv, (CausalConvArguments a)) {
  grid_release();
  grid_wait();
  const int column = block_index() * kConvThreads + thread_index(), row = block_index_y();
  const int first = a.rows.first_rows != nullptr ? a.rows.first_rows[row] : row;
  if (column >= a.conv.columns) return;
  float* const kept = state_of(a.rows, row) + a.conv.state_at;
  const float sum = conv_sum(a.rows, a.conv, kept, row, first, column);
  store_half(a.halves, row, column, sum * a.gates[static_cast<long>(row) * a.conv.input_stride + column]);
  if (a.rows.sequences == nullptr) keep_column(a.rows, a.conv, kept, {row, 1}, column);
}

KERNEL(kConvThreads, 1, keep_short_conv, (CausalConvArguments a)) {
  grid_release();
  grid_wait();
  const SequenceRows sequence = sequence_of(a.rows, block_index_y());
  keep_inputs<kConvThreads>(a.rows, a.conv, state_of(a.rows, sequence.first), sequence, block_index(), grid_blocks());
}

}  // namespace estoc::gpu
