// Rows of numbers of 8 bits (E4M3, quant/f8.h) where a file has them, and the factors that they are multiplied with.
// Plain data, no behaviour: included by every ISA file.
//
// Products are exact: a code is a number of bf16 and of f16, and what a block of columns sums to in f32 is multiplied
// with its factor. The two codes that are NaN count as 480 or -480 in products; no checkpoint has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc::kernels {

struct F8Rows {
  const std::byte* codes = nullptr;  // of any alignment
  int64_t rows = 0, columns = 0;
  int64_t stride_bytes = 0;
  // [blocks of columns][scale_stride]: a factor for each row, or for each panel of 16 rows that share theirs.
  const float* scales = nullptr;
  int64_t scale_stride = 0;
  int64_t scale_rows = 1;     // 1 or 16
  int64_t scale_columns = 0;  // a multiple of 32, or all columns; the last block may have fewer

  constexpr float scale(int64_t row, int64_t block) const { return scales[block * scale_stride + row / scale_rows]; }
  // `count` rows from `row` on, which is a multiple of scale_rows.
  constexpr F8Rows from(int64_t row, int64_t count) const {
    F8Rows part = *this;
    part.codes += row * stride_bytes;
    part.scales += row / scale_rows;
    part.rows = count;
    return part;
  }
};

}  // namespace estoc::kernels
