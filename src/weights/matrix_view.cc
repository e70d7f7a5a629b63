#include "weights/matrix_view.h"

#include "base/check.h"
#include "base/error.h"
#include "quant/affine.h"
#include "weights/byte_reader.h"

namespace estoc {

MatrixView::MatrixView(const WeightTensor& tensor)
    : tensor_(&tensor), slice_{.rows = tensor.rows(), .columns = tensor.columns()} {}

MatrixView MatrixView::slice_rows(int64_t begin, int64_t count) const {
  ESTOC_CHECK(begin >= 0 && count > 0 && begin + count <= rows());
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
  return tensor_->row(slice_.first_row + r) + format().row_bytes(slice_.first_column);
}

}  // namespace estoc
