// The gated delta rule (Yang, Kautz, Hatamizadeh 2024): one head's memory, a matrix that forgets by a factor and is
// corrected where it foresaw a value wrongly.
#pragma once

#include <cstdint>

namespace estoc::kernels {

// Columns of a value whose states lie side by side.
inline constexpr int64_t kDeltaLanes = 32;
// Rows of one call.
inline constexpr int64_t kDeltaRowsMax = 64;

inline constexpr int64_t delta_lane_blocks(int64_t value_dim) { return (value_dim + kDeltaLanes - 1) / kDeltaLanes; }
// Floats of one head's state.
inline constexpr int64_t delta_state_floats(int64_t key_dim, int64_t value_dim) {
  return delta_lane_blocks(value_dim) * key_dim * kDeltaLanes;
}

// For each row in turn, with S [key_dim][value_dim] what `state` holds:
//   S = decay * S;  d = beta * (v - S^T k);  S = S + k d^T;  out = S^T q
// Columns of the value are independent of each other: their results do not depend on the division into calls.
struct DeltaRule {
  const float* q;  // [row_count], key_stride floats apart: [key_dim] each; likewise k
  const float* k;
  int64_t key_stride;
  const float* v;  // [row_count], value_stride floats apart: [value_dim] each
  int64_t value_stride;
  const float* decay;  // [row_count], gate_stride floats apart; likewise beta. 0 < decay <= 1
  const float* beta;
  int64_t gate_stride;
  int64_t row_count;  // up to kDeltaRowsMax
  int64_t key_dim, value_dim;
  int64_t block_begin, block_end;  // of kDeltaLanes columns of the value
  // A row's result does not depend on which rows are in the same call. Otherwise a few are computed together.
  bool is_row_by_row;
  // [lane blocks][key_dim][kDeltaLanes]; lanes behind value_dim are 0 and stay so.
  float* state;
  float* out;  // as v, out_stride floats apart; may be v
  int64_t out_stride;
};

}  // namespace estoc::kernels
