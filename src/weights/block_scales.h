// Factors of a tensor's values: one for each block of rows and columns. A view of the file, like the tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quant/format.h"

namespace estoc {

struct BlockScales {
  const QuantFormat* format = nullptr;   // of the factors, one element a block of it; null: the tensor has none
  std::span<const std::byte> bytes;      // [rows of blocks][columns of blocks]
  int64_t block_rows = 1;                // of the tensor; its last block may have fewer
  int64_t block_columns = 1;             // likewise
  int64_t columns = 1;                   // blocks side by side

  explicit operator bool() const { return format != nullptr; }
  // Of the value in row r and column c of the tensor.
  float at(int64_t r, int64_t c) const {
    const int64_t block = r / block_rows * columns + c / block_columns;
    float scale = 0;
    format->decode(bytes.data() + block * format->block_bytes, &scale, 1);
    return scale;
  }
  // values[i] is multiplied with the factor of row r and column first_column + i.
  void apply(int64_t r, int64_t first_column, int64_t count, float* values) const {
    for (int64_t i = 0; i < count;) {
      const int64_t column = first_column + i, end = column / block_columns * block_columns + block_columns;
      const float scale = at(r, column);
      for (; i < count && first_column + i < end; ++i) values[i] *= scale;
    }
  }
};

}  // namespace estoc
