// In which order a file keeps the rows of a matrix, as a value: where row r of the model's order is stored.
#pragma once

#include <compare>
#include <cstdint>

namespace estoc {

class RowMap {
 public:
  constexpr RowMap() = default;  // in order
  // Each head of `head_dim` rows keeps adjacent pairs in its first `turned` rows, or in all: its row
  // p * (turned / 2) + i is stored as its row 2i + p.
  static constexpr RowMap adjacent_pairs(int64_t head_dim, int64_t turned = 0) {
    RowMap map;
    map.head_dim_ = head_dim;
    map.turned_ = turned == 0 ? head_dim : turned;
    return map;
  }
  // Groups of `rows` rows that begin `stride` rows apart.
  static constexpr RowMap groups(int64_t rows, int64_t stride) {
    RowMap map;
    map.group_rows_ = rows;
    map.group_stride_ = stride;
    return map;
  }
  // This order of rows, each then stored where `outer` says.
  constexpr RowMap inside(const RowMap& outer) const {
    RowMap map = *this;
    map.group_rows_ = outer.group_rows_;
    map.group_stride_ = outer.group_stride_;
    return map;
  }

  constexpr bool is_in_order() const { return head_dim_ == 0 && group_rows_ == 0; }
  // Whether rows [i * count, (i + 1) * count) follow each other where they are stored, for every i.
  constexpr bool has_even_runs(int64_t count) const { return head_dim_ == 0 && group_rows_ % count == 0; }
  // What it is made of, for whoever writes it down; zeros when the rows are in order.
  constexpr int64_t head_dim() const { return head_dim_; }
  constexpr int64_t turned() const { return turned_; }
  constexpr int64_t group_rows() const { return group_rows_; }
  constexpr int64_t group_stride() const { return group_stride_; }

  constexpr int64_t stored_row(int64_t row) const {
    if (head_dim_ != 0) {
      const int64_t half = turned_ / 2, at = row % head_dim_;
      if (at < turned_) row += at % half * 2 + at / half - at;
    }
    return group_rows_ == 0 ? row : row / group_rows_ * group_stride_ + row % group_rows_;
  }

  constexpr auto operator<=>(const RowMap&) const = default;

 private:
  int64_t head_dim_ = 0, turned_ = 0;
  int64_t group_rows_ = 0, group_stride_ = 0;
};

}  // namespace estoc
