// In which order a file keeps the rows of a matrix, as a value: where row r of the model's order is stored.
#pragma once

#include <compare>
#include <cstdint>

namespace estoc {

class RowMap {
 public:
  constexpr RowMap() = default;  // in order
  // Each head of `head_dim` rows keeps adjacent pairs: its row p * (head_dim / 2) + i is stored as its row 2i + p.
  static constexpr RowMap adjacent_pairs(int64_t head_dim) { return RowMap(head_dim); }

  constexpr bool is_in_order() const { return head_dim_ == 0; }
  // 0 when the rows are in order.
  constexpr int64_t head_dim() const { return head_dim_; }

  constexpr int64_t stored_row(int64_t row) const {
    if (is_in_order()) return row;
    const int64_t half = head_dim_ / 2;
    return row / head_dim_ * head_dim_ + row % half * 2 + row % head_dim_ / half;
  }

  constexpr auto operator<=>(const RowMap&) const = default;

 private:
  constexpr explicit RowMap(int64_t head_dim) : head_dim_(head_dim) {}

  int64_t head_dim_ = 0;
};

}  // namespace estoc
