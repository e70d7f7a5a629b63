// The matrix that a spec describes, wherever it is computed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "layers/layer_spec.h"
#include "weights/matrix_view.h"

namespace estoc {

// Where the rows of a spec are in its tensor, from first_row on. `order`: row r is row order.stored_row(r) of what the
// spec describes.
inline RowMap rows_of(const MatrixSpec& spec, const RowMap& order = {}) {
  return spec.group_rows == 0 ? order : order.inside(RowMap::groups(spec.group_rows, spec.group_stride));
}

// Rows of the tensor, of which the matrix has `rows`.
inline int64_t tensor_rows(const MatrixSpec& spec, int64_t rows) {
  return spec.tensor_rows == 0 ? rows : spec.tensor_rows;
}

// require(name, shape) is asked for the tensor, as a WeightSource or a LoadContext gives it.
template <typename Require>
MatrixView spec_matrix(const MatrixSpec& spec, int64_t rows, int64_t columns, const RowMap& order, Require&& require) {
  int64_t shape[] = {tensor_rows(spec, rows), columns};
  if (spec.is_transposed) std::swap(shape[0], shape[1]);
  const MatrixView tensor(require(spec.name + ".weight", shape));
  const MatrixView matrix = spec.is_transposed ? tensor.transposed() : tensor;
  const RowMap map = rows_of(spec, order);
  return map.is_in_order() ? matrix.slice_rows(spec.first_row, rows) : matrix.pick_rows(spec.first_row, rows, map);
}

}  // namespace estoc
