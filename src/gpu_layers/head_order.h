// In which order a device has the dimensions of queries', keys' and values' heads: its kernels turn dimensions i and
// i + D / 2 together, whichever two a model turns, and know few numbers of dimensions D. What is turned less, or not at
// all, has an angle of zero; what a head lacks for D is zero.
//
// Nobody but queries and keys sees their order: their product does not depend on it. Values; pure.
#pragma once

#include <cstdint>

#include "layers/layer_spec.h"

namespace estoc {

// What kernels have for a head of so many dimensions; 0: nothing.
constexpr int head_room_of(int head_dim) {
  return head_dim <= 64 ? 64 : head_dim <= 128 ? 128 : head_dim <= 256 ? 256 : 0;
}

class HeadOrder {
 public:
  static constexpr int64_t kNoRow = -1;

  HeadOrder() = default;  // rows that belong to no heads
  // Of a rope's pairs; null for none, as values have it.
  HeadOrder(const RopeSpec* rope, int head_dim)
      : dim_(head_dim),
        half_(head_room_of(head_dim) / 2),
        pairs_(rope == nullptr ? 0 : static_cast<int64_t>(rope->frequencies.size())),
        is_adjacent_(rope != nullptr && rope->is_interleaved) {}

  // As many rows as so many of the model's become on the device.
  int64_t rows_of(int64_t rows) const { return half_ == 0 ? rows : rows / dim_ * 2 * half_; }

  // The model's row that the device has as `row`, of any head; kNoRow for one that is all zeros.
  int64_t stored_row(int64_t row) const {
    if (half_ == 0) return row;
    const int64_t side = row % (2 * half_) / half_, at = row % half_, head = row / (2 * half_) * dim_;
    if (at < pairs_) return head + (is_adjacent_ ? 2 * at + side : side * pairs_ + at);
    const int64_t unturned = 2 * pairs_ + side * (half_ - pairs_) + at - pairs_;
    return unturned < dim_ ? head + unturned : kNoRow;
  }

 private:
  int64_t dim_ = 0, half_ = 0, pairs_ = 0;
  bool is_adjacent_ = false;
};

}  // namespace estoc
