// In which order a device has the dimensions of queries' and keys' heads: its kernels turn dimensions i and i + D / 2
// together, whichever two a model turns. What is turned less, or not at all, has an angle of zero.
//
// Nobody but queries and keys sees the order: their product does not depend on it. Values; pure.
#pragma once

#include <cstdint>

#include "layers/layer_spec.h"

namespace estoc {

class HeadOrder {
 public:
  HeadOrder() = default;  // as the model has them
  // Of a rope's pairs; null for none.
  HeadOrder(const RopeSpec* rope, int head_dim)
      : half_(head_dim / 2),
        pairs_(rope == nullptr ? 0 : static_cast<int64_t>(rope->frequencies.size())),
        is_adjacent_(rope != nullptr && rope->is_interleaved) {}

  // The model's dimension that the device has as `row`, of any head.
  int64_t stored_row(int64_t row) const {
    if (half_ == 0) return row;
    const int64_t side = row % (2 * half_) / half_, at = row % half_, head = row - row % (2 * half_);
    if (at < pairs_) return head + (is_adjacent_ ? 2 * at + side : side * pairs_ + at);
    return head + 2 * pairs_ + side * (half_ - pairs_) + at - pairs_;
  }

 private:
  int64_t half_ = 0, pairs_ = 0;
  bool is_adjacent_ = false;
};

}  // namespace estoc
