// What the memories of a gated delta net take (delta_net.cu.h; the rule is in kernels/delta_rule.h). Three launches
// between the projections before and behind it, the same for one new row of each of some sequences and for prompts:
//
//   causal_conv  queries, keys and values (causal_conv.h)
//   delta_rule   the memories of value heads, row after row of each sequence; keeps what they and the convolution have
//                to know of the past. Grid: value heads * delta_parts by sequences
//   gated_norm   norm of each head's answer, times silu(z) (gated_norm.h)
//
// A state is f32: of each value head delta_parts blocks [key_dim][32 columns of the value], then what the convolution
// keeps. A row's bits depend on its sequence only.
#pragma once

#include "gpu/source/causal_conv.h"

namespace estoc::gpu {

inline constexpr int kDeltaRuleThreads = 128;
inline constexpr int kDeltaColumns = 32;     // of a value, of a block of delta_rule
inline constexpr int kDeltaKeyDimMax = 128;  // and a multiple of 4

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
constexpr long delta_memory_floats(const DeltaNetShape& s) {
  return static_cast<long>(s.value_heads) * delta_head_floats(s);
}
constexpr long delta_state_bytes(const DeltaNetShape& s) {
  return (delta_memory_floats(s) + conv_state_floats(delta_conv_columns(s), s.conv_width)) * 4;
}
// Columns of what the projections give: q, k, v, z, a, b.
constexpr int delta_inputs(const DeltaNetShape& s) {
  return delta_conv_columns(s) + delta_value_columns(s) + 2 * s.value_heads;
}

struct DeltaNetArguments {
  StateRows rows;
  CausalConv conv;
  DeltaNetShape shape;
  float* convolved;         // [row][columns of q, k and v]; values become the heads' answers
  const float* decay_rate;  // [value_heads]: a head's decay is e^(-rate softplus(a + bias))
  const float* decay_bias;  // [value_heads]
};

}  // namespace estoc::gpu
