// A matrix as a model multiplies with it: rows and columns of values, wherever and however files keep them.
//
// What: a tensor, or a slice of one, in the model's order of rows. Fused matrices are slices of rows, and so are
// stacked experts (a tensor of three dimensions is the matrix of all their rows) and shards by output; shards by input
// are slices of columns. Its scheme is the tensor's format, whose rows stand for themselves: one part. A scheme that
// spreads a row over several tensors (codes here, zero points and scales there) has them as further parts behind decode
// and unpack, or as the tensor's scales, which decode applies; only dense products ask for bytes and scales, and before
// for `has_even_runs`. Ownership: a view; tensor and source outlive it. Threads: immutable. Errors: slices throw.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "quant/format.h"
#include "quant/mxfp4.h"
#include "weights/row_map.h"
#include "weights/weight_source.h"

namespace estoc {

// What of a tensor a view shows, in the model's order of rows: whole when its numbers are the tensor's.
struct MatrixSlice {
  int64_t first_row = 0, first_column = 0;
  int64_t rows = 0, columns = 0;
  RowMap order = {};  // of the slice's rows, from first_row on

  auto operator<=>(const MatrixSlice&) const = default;
};

class MatrixView {
 public:
  // All of the tensor; dimensions before the last are rows.
  explicit MatrixView(const WeightTensor& tensor);

  // A matrix in MXFP4 whose blocks and scales are tensors of bytes: [..., columns / 32, 16] with adjacent values in a
  // byte, and [..., columns / 32].
  static MatrixView mxfp4_of(const WeightTensor& blocks, const WeightTensor& scales);

  // Rows or columns [begin, begin + count) of this view. Throws Error{unsupported} when the format keeps values on both
  // sides of a cut in one block.
  MatrixView slice_rows(int64_t begin, int64_t count) const;
  MatrixView slice_columns(int64_t begin, int64_t count) const;
  // `count` rows of this view, row r being its row begin + order.stored_row(r). A view is reordered once, after it was
  // sliced.
  MatrixView pick_rows(int64_t begin, int64_t count, const RowMap& order) const;
  // A copy of this view with rows for columns, which the new view owns: each of `pieces` equal runs of rows is turned
  // by itself, one behind the other. Throws Error{unsupported} when the format keeps several values in one block,
  // unless the copy is to have another, `as`, whose blocks must fit.
  MatrixView transposed(int64_t pieces = 1, const QuantFormat* as = nullptr) const;

  int64_t rows() const { return slice_.rows; }
  int64_t columns() const { return slice_.columns; }
  const WeightTensor& tensor() const { return *tensor_; }
  const QuantFormat& format() const { return scales_ == nullptr ? *tensor_->format : mxfp4; }
  const MatrixSlice& slice() const { return slice_; }
  const RowMap& row_map() const { return tensor_->row_map; }
  // In the file.
  uint64_t stored_bytes() const { return static_cast<uint64_t>(rows() * format().row_bytes(columns())); }

  // Row r as f32 (columns() values).
  void decode(int64_t r, float* target) const {
    format().decode(row(r), target, columns());
    if (has_scales()) tensor_->scales.apply(stored_row(r), slice_.first_column, columns(), target);
  }
  // Whether values are those of the format times scales; then the scale of row r and column c, and how many columns
  // share one wherever they begin at a multiple of that.
  bool has_scales() const { return scales_ == nullptr && static_cast<bool>(tensor_->scales); }
  float scale(int64_t r, int64_t c) const { return tensor_->scales.at(stored_row(r), slice_.first_column + c); }
  int64_t scale_columns() const;
  // Whether rows [begin, begin + count) share their scales.
  bool is_evenly_scaled(int64_t begin, int64_t count) const;
  // Row r as the integers and scales of the format's affine view (quant/affine.h), which it must have.
  void unpack(int64_t r, uint8_t* codes, float* scales, float* mins) const;

  // Whether rows [i * count, (i + 1) * count) lie row_stride_bytes() apart, for every i.
  bool has_even_runs(int64_t count) const {
    return row_map().has_even_runs(count) && slice_.order.has_even_runs(count);
  }
  int64_t row_stride_bytes() const { return format().row_bytes(tensor_->columns()); }
  // The stored bytes of row r, columns() values of the format. Of parts they are put together in a place of the
  // thread's own, until it asks for the next row.
  const std::byte* row(int64_t r) const;

 private:
  struct Copy;
  // Of the tensor, in its order.
  int64_t stored_row(int64_t r) const {
    return row_map().stored_row(slice_.first_row + slice_.order.stored_row(r));
  }
  // Rows [begin, begin + count) with rows for columns, as they are stored and in another format.
  void copy_turned(int64_t begin, int64_t count, std::byte* to) const;
  // The scales of such a copy in `pieces`, beside it.
  void turn_scales(int64_t pieces, Copy& copy) const;
  void encode_turned(int64_t begin, int64_t count, const QuantFormat& as, std::byte* to) const;
  const std::byte* joined_row(int64_t r) const;

  const WeightTensor* tensor_;
  const WeightTensor* scales_ = nullptr;  // of a scheme in two parts
  MatrixSlice slice_;
  std::shared_ptr<const Copy> copy_;  // of the tensor, where the view has one of its own
};

}  // namespace estoc
