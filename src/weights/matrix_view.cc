#include "weights/matrix_view.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "quant/affine.h"
#include "weights/byte_reader.h"

namespace estoc {

MatrixView::MatrixView(const WeightTensor& tensor)
    : tensor_(&tensor), slice_{.rows = tensor.rows(), .columns = tensor.columns()} {}

MatrixView MatrixView::mxfp4_of(const WeightTensor& blocks, const WeightTensor& scales) {
  for (const WeightTensor* part : {&blocks, &scales}) {
    if (part->format->name == "u8") continue;
    fail(ErrorCode::corrupt_file, "{}: tensor '{}' is stored as {}, expected bytes (u8)", part->file,
         shown(part->source_name), part->format->name);
  }
  ESTOC_CHECK(blocks.columns() == 16 && blocks.rows() == scales.element_count());
  MatrixView view(scales);
  view.tensor_ = &blocks;
  view.scales_ = &scales;
  view.slice_.columns *= mxfp4.block_count;
  return view;
}

// Bytes in another order than the file's, and the tensor that says so.
struct MatrixView::Copy {
  std::vector<std::byte> bytes;
  std::vector<float> scales;
  WeightTensor tensor;
};

MatrixView MatrixView::transposed(int64_t pieces, const QuantFormat* as) const {
  const bool is_encoded = as != nullptr && (as != &format() || as->block_count > 1);
  if (!is_encoded && format().block_count != 1) {
    fail(ErrorCode::unsupported, "{}: tensor '{}' cannot be transposed: its format, {}, has blocks of {}",
         tensor_->file, shown(tensor_->source_name), format().name, format().block_count);
  }
  ESTOC_CHECK(rows() % pieces == 0);
  const auto copy = std::make_shared<Copy>();
  const QuantFormat& format = is_encoded ? *as : this->format();
  const int64_t piece = rows() / pieces, row_bytes = format.row_bytes(piece);
  copy->bytes.resize(static_cast<size_t>(pieces * columns() * row_bytes));
  for (int64_t p = 0; p < pieces; ++p) {
    std::byte* const to = copy->bytes.data() + p * columns() * row_bytes;
    if (is_encoded) {
      encode_turned(p * piece, piece, format, to);
    } else {
      copy_turned(p * piece, piece, to);
    }
  }
  copy->tensor = *tensor_;
  copy->tensor.format = &format;
  // Packed forms are told apart by name and slice.
  copy->tensor.name += " transposed from " + std::to_string(slice_.first_row);
  copy->tensor.shape = {pieces * columns(), piece};
  copy->tensor.row_map = {};
  copy->tensor.bytes = copy->bytes;
  copy->tensor.scales = {};
  if (!is_encoded && has_scales()) turn_scales(pieces, *copy);
  MatrixView view(copy->tensor);
  view.copy_ = copy;
  return view;
}

int64_t MatrixView::scale_columns() const {
  const int64_t block = tensor_->scales.block_columns, first = slice_.first_column;
  if (first / block == (first + columns() - 1) / block) return columns();
  return std::gcd(first, block);
}

bool MatrixView::is_evenly_scaled(int64_t begin, int64_t count) const {
  const auto block = [&](int64_t r) { return stored_row(r) / tensor_->scales.block_rows; };
  for (int64_t r = begin + 1; r < begin + count; ++r) {
    if (block(r) != block(begin)) return false;
  }
  return true;
}

void MatrixView::turn_scales(int64_t pieces, Copy& copy) const {
  // So many rows of a piece, from a multiple of that on, share their factors in every piece.
  const int64_t piece = rows() / pieces;
  const auto are_shared = [&](int64_t count) {
    for (int64_t p = 0; p < pieces; ++p) {
      for (int64_t r = 0; r < piece; r += count) {
        if (!is_evenly_scaled(p * piece + r, std::min(count, piece - r))) return false;
      }
    }
    return true;
  };
  int64_t shared = piece;
  while (shared > 1 && !are_shared(shared)) {
    shared = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(shared - 1)));
  }
  const int64_t across = (piece + shared - 1) / shared, down = columns() % scale_columns() == 0 ? scale_columns() : 1;
  for (int64_t p = 0; p < pieces; ++p) {
    for (int64_t c = 0; c < columns(); c += down) {
      for (int64_t r = 0; r < piece; r += shared) copy.scales.push_back(scale(p * piece + r, c));
    }
  }
  copy.tensor.scales = {.format = &f32,
                        .bytes = std::as_bytes(std::span(copy.scales)),
                        .block_rows = down,
                        .block_columns = shared,
                        .columns = across};
}

void MatrixView::copy_turned(int64_t begin, int64_t count, std::byte* to) const {
  const auto size = static_cast<size_t>(format().row_bytes(1));
  const auto from_rows = static_cast<size_t>(count), from_columns = static_cast<size_t>(columns());
  for (size_t r = 0; r < from_rows; ++r) {
    const std::byte* const from = row(begin + static_cast<int64_t>(r));
    for (size_t c = 0; c < from_columns; ++c) std::copy_n(from + c * size, size, to + (c * from_rows + r) * size);
  }
}

void MatrixView::encode_turned(int64_t begin, int64_t count, const QuantFormat& as, std::byte* to) const {
  ESTOC_CHECK(count % as.block_count == 0);
  const auto from_rows = static_cast<size_t>(count), from_columns = static_cast<size_t>(columns());
  std::vector<float> from(from_columns), turned(from_rows * from_columns);
  for (size_t r = 0; r < from_rows; ++r) {
    decode(begin + static_cast<int64_t>(r), from.data());
    for (size_t c = 0; c < from_columns; ++c) turned[c * from_rows + r] = from[c];
  }
  for (size_t c = 0; c < from_columns; ++c) {
    as.encode(turned.data() + c * from_rows, to + static_cast<int64_t>(c) * as.row_bytes(count), count);
  }
}

MatrixView MatrixView::pick_rows(int64_t begin, int64_t count, const RowMap& order) const {
  ESTOC_CHECK(slice_.order.is_in_order() && begin >= 0 && count > 0);
  ESTOC_CHECK(begin + order.stored_row(count - 1) <
              rows());  // the last of a head or a group is the last that is stored
  MatrixView part = *this;
  part.slice_.first_row += begin;
  part.slice_.rows = count;
  part.slice_.order = order;
  return part;
}

MatrixView MatrixView::slice_rows(int64_t begin, int64_t count) const {
  ESTOC_CHECK(slice_.order.is_in_order() && begin >= 0 && count > 0 && begin + count <= rows());
  MatrixView part = *this;
  part.slice_.first_row += begin;
  part.slice_.rows = count;
  return part;
}

MatrixView MatrixView::slice_columns(int64_t begin, int64_t count) const {
  ESTOC_CHECK(begin >= 0 && count > 0 && begin + count <= columns());
  const int64_t block = format().block_count;
  if (begin % block != 0 || count % block != 0) {
    fail(ErrorCode::unsupported,
         "{}: tensor '{}' cannot be cut into columns {} to {}: its format, {}, has blocks of {}", tensor_->file,
         shown(tensor_->source_name), begin, begin + count, format().name, block);
  }
  MatrixView part = *this;
  part.slice_.first_column += begin;
  part.slice_.columns = count;
  return part;
}

void MatrixView::unpack(int64_t r, uint8_t* codes, float* scales, float* mins) const {
  ESTOC_DCHECK(format().affine != nullptr);
  format().affine->unpack(row(r), columns(), codes, scales, mins);
}

const std::byte* MatrixView::row(int64_t r) const {
  ESTOC_DCHECK(r >= 0 && r < rows());
  const int64_t stored = slice_.first_row + slice_.order.stored_row(r),
                before = format().row_bytes(slice_.first_column);
  return (scales_ == nullptr ? tensor_->row(stored) : joined_row(stored)) + before;
}

const std::byte* MatrixView::joined_row(int64_t r) const {
  const int64_t count = scales_->columns();
  constexpr auto kHalf = static_cast<int64_t>(sizeof(Mxfp4Block::qs));
  thread_local std::vector<Mxfp4Block> joined;
  joined.resize(static_cast<size_t>(count));
  const auto* codes = reinterpret_cast<const uint8_t*>(tensor_->bytes.data()) + r * count * kHalf;
  const auto* scales = reinterpret_cast<const uint8_t*>(scales_->bytes.data()) + r * count;
  for (Mxfp4Block& block : joined) {
    block.e = *scales++;
    const auto code = [&](int64_t i) { return codes[i / 2] >> (i % 2 * 4) & 15; };
    for (int64_t j = 0; j < kHalf; ++j) block.qs[j] = static_cast<uint8_t>(code(j) | code(j + kHalf) << 4);
    codes += kHalf;
  }
  return reinterpret_cast<const std::byte*>(joined.data());
}

}  // namespace estoc
