// What the inside of a gated delta net takes (delta_net.cu.h; the rule is in kernels/delta_rule.h), between the
// projections before and behind it. Three launches, the same for one new row of each of some sequences and for prompts:
//
//   delta_conv   queries, keys and values through their causal convolution and SiLU. Grid: delta_conv_blocks by rows
//   delta_rule   the memories of value heads, row after row of each sequence; keeps what they and the convolution have
//                to know of the past. Grid: value heads * delta_parts by sequences
//   delta_norm   norm of each head's answer, times silu(z), as bf16 rows or token tiles. Grid: value heads by rows
//
// A state is f32: of each value head delta_parts blocks [key_dim][32 columns of the value], then the last inputs of the
// convolution [conv_width - 1][columns of q, k and v]. Before a sequence's first position it is taken to be zero,
// whatever lies there. A row's bits depend on its sequence only.
#pragma once

#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kDeltaConvThreads = 256;
inline constexpr int kDeltaRuleThreads = 128;
inline constexpr int kDeltaNormThreads = 128;
inline constexpr int kDeltaColumns = 32;     // of a value, of a block of delta_rule
inline constexpr int kDeltaKeyDimMax = 128;  // and a multiple of 4
inline constexpr int kDeltaConvWidthMax = 8;

// Some rows of a batch that are one sequence's.
struct DeltaSequence {
  int first, rows;
};

struct DeltaNetShape {
  int key_heads, value_heads;
  int are_heads_in_turn;  // value heads that share a key head stand key_heads apart, not side by side
  int key_dim, value_dim, conv_width;
};
constexpr int delta_parts(int value_dim) { return (value_dim + kDeltaColumns - 1) / kDeltaColumns; }
constexpr int delta_key_columns(const DeltaNetShape& s) { return s.key_heads * s.key_dim; }
constexpr int delta_value_columns(const DeltaNetShape& s) { return s.value_heads * s.value_dim; }
constexpr int delta_conv_columns(const DeltaNetShape& s) { return 2 * delta_key_columns(s) + delta_value_columns(s); }
constexpr int delta_head_floats(const DeltaNetShape& s) { return delta_parts(s.value_dim) * s.key_dim * kDeltaColumns; }
constexpr long delta_state_bytes(const DeltaNetShape& s) {
  return (static_cast<long>(s.value_heads) * delta_head_floats(s) + (s.conv_width - 1) * delta_conv_columns(s)) * 4;
}
// Columns of what the projections give: q, k, v, z, a, b.
constexpr int delta_inputs(const DeltaNetShape& s) {
  return delta_conv_columns(s) + delta_value_columns(s) + 2 * s.value_heads;
}
constexpr int delta_conv_blocks(const DeltaNetShape& s) {
  return (delta_conv_columns(s) + kDeltaConvThreads - 1) / kDeltaConvThreads;
}

struct DeltaNetArguments {
  DeltaNetShape shape;
  const float* inputs;      // [row][delta_inputs]
  float* convolved;         // [row][columns of q, k and v]; values become the heads' answers
  const float* taps;        // [conv_width][columns of q, k and v]
  const float* decay_rate;  // [value_heads]: a head's decay is e^(-rate softplus(a + bias))
  const float* decay_bias;  // [value_heads]
  const float* norm;        // [value_dim]
  float epsilon;
  u8* states;                      // this layer's part of block 0
  long block_stride;               // bytes
  const u32* tables;               // the block of a row's sequence is tables[table_starts[row]], or tables[row]
  const int* table_starts;         // [row] or null
  const int* positions;            // [row]
  const DeltaSequence* sequences;  // null: each row is one
  const int* first_rows;           // [row] of its sequence in this batch; null: itself
  u16* output;                     // bf16 [row][value columns], or token tiles of it
  int output_tiles;                // columns of token tiles, 0 for rows
  ColumnOrder order;
};

}  // namespace estoc::gpu
