// The inside of a gated delta net (Yang, Kautz, Hatamizadeh 2024), between its projections: a causal convolution of
// queries, keys and values, and the gated delta rule over each sequence of a batch.
//
// What a sequence keeps is a fixed state of a layer: the matrices of its value heads (kernels/delta_rule.h), then the
// last inputs of the convolution.
#pragma once

#include <cstdint>
#include <span>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

struct DeltaNetShape {
  int key_heads = 0, value_heads = 0;
  bool are_heads_in_turn = false;  // value heads that share a key head stand key_heads apart, not side by side
  int key_dim = 0, value_dim = 0;  // of a head
  int conv_width = 0;              // positions, the present one included

  int64_t key_columns() const { return int64_t{key_heads} * key_dim; }
  int64_t value_columns() const { return int64_t{value_heads} * value_dim; }
  int64_t conv_columns() const { return 2 * key_columns() + value_columns(); }
  int64_t key_head(int64_t value_head) const {
    return are_heads_in_turn ? value_head % key_heads : value_head / (value_heads / key_heads);
  }
  int64_t state_bytes() const;
};

struct DeltaNetWeights {
  std::span<const float> taps;  // [conv_width][conv_columns]: those of q, k and v side by side
  // [key_dim], the same number everywhere: times a head of mean square 1, it has the length that the rule wants.
  std::span<const float> query_scale, key_scale;
  std::span<const float> decay_rate;  // [value_heads]: a head's decay is e^(-rate * softplus(a + decay_bias))
  std::span<const float> decay_bias;  // [value_heads]
};

// What the projections give: q and k [rows][key_columns], v [rows][value_columns], a and b [rows][value_heads].
struct DeltaNetRows {
  Rows *q, *k, *v;
  const Rows *a, *b;
};

// v becomes what each value head answers to its queries. Each sequence's state in `layer` is read and brought up to its
// last row; before its first position it is zero. q and k become what the rule was given.
void delta_net(const Compute& compute, const Batch& batch, StateStorage& states, int layer, const DeltaNetShape& shape,
               const DeltaNetWeights& weights, const DeltaNetRows& rows);

}  // namespace estoc
