// Activations: a buffer of f32 rows and, once an op asks for them, the forms that products read: quantized, or as
// tiles.
//
// Ownership: owns its memory, sized once for rows_max. Threads: one op at a time.
#pragma once

#include <cstdint>

#include "kernels/panels.h"
#include "ops/compute.h"
#include "tensor/page_memory.h"

namespace estoc {

class Rows {
 public:
  // With is_quantizable the columns must be a multiple of 32 for quantize() to be used.
  Rows(int64_t rows_max, int64_t columns);

  // Sets how many rows are in use; their old forms are forgotten.
  void reset(int64_t row_count);

  int64_t count() const { return count_; }
  int64_t columns() const { return columns_; }
  float* row(int64_t index) { return values_.as<float>() + index * columns_; }
  const float* row(int64_t index) const { return values_.as<float>() + index * columns_; }

  // The forms that products read, made once from all rows in use; writers call touch() when they change rows
  // afterwards.
  const kernels::QuantizedRows& quantized(const Compute& compute);
  const kernels::RowTiles& tiles(const Compute& compute);
  void touch() { is_quantized_ = is_tiled_ = false; }

 private:
  int64_t columns_;
  int64_t count_ = 0;
  bool is_quantized_ = false, is_tiled_ = false;
  PageMemory values_, codes_, low_codes_, scales_, sums_, tile_values_;
  kernels::QuantizedRows view_;
  kernels::RowTiles tiles_;
};

}  // namespace estoc
