#include "ops/rows.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

Rows::Rows(int64_t rows_max, int64_t columns)
    : columns_(columns), values_(static_cast<uint64_t>(rows_max * columns) * sizeof(float), "activations") {
  view_.columns = columns;
  const auto reserve = [&](int64_t count, size_t size) {
    return PageMemory(static_cast<uint64_t>(count) * size, "activations");
  };
  codes_ = reserve(rows_max * columns, 1);
  low_codes_ = reserve(rows_max * columns, 1);
  scales_ = reserve(rows_max * view_.block_count(), sizeof(kernels::ActivationScale));
  sums_ = reserve(rows_max * view_.group_count(), sizeof(kernels::ActivationSums));
  tile_values_ = reserve(kernels::RowTiles::tile_count(rows_max) * kernels::RowTiles::kRows * columns, 2);
  view_.codes = codes_.as<int8_t>();
  view_.scales = scales_.as<kernels::ActivationScale>();
  view_.sums = sums_.as<kernels::ActivationSums>();
  tiles_.values = tile_values_.as<uint16_t>();
  tiles_.columns = columns;
}

void Rows::reset(int64_t row_count) {
  ESTOC_DCHECK(row_count * columns_ * 4 <= static_cast<int64_t>(values_.bytes()));
  count_ = row_count;
  touch();
}

const kernels::QuantizedRows& Rows::quantized(const Compute& compute) {
  if (is_quantized_) return view_;
  ESTOC_DCHECK(columns_ % 32 == 0);
  view_.low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() : nullptr;
  const auto quantize = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      int8_t* low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() + r * columns_ : nullptr;
      compute.kernels.quantize_row(row(r), columns_, codes_.as<int8_t>() + r * columns_, low_codes,
                                   scales_.as<kernels::ActivationScale>() + r * view_.block_count(),
                                   sums_.as<kernels::ActivationSums>() + r * view_.group_count());
    }
  };
  if (count_ < 4) {  // not worth waking anyone
    quantize(0, count_, 0);
  } else {
    compute.team.parallel_for(count_, 1, quantize);
  }
  is_quantized_ = true;
  return view_;
}

const kernels::RowTiles& Rows::tiles(const Compute& compute) {
  if (is_tiled_) return tiles_;
  ESTOC_DCHECK(columns_ % kernels::RowTiles::kColumns == 0);
  tiles_.rows = count_;
  compute.team.parallel_for(kernels::RowTiles::tile_count(count_), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t first = tile * kernels::RowTiles::kRows;
      const int64_t rows = std::min(kernels::RowTiles::kRows, count_ - first);
      compute.kernels.make_row_tiles(row(first), rows, columns_, columns_,
                                     tile_values_.as<uint16_t>() + first * columns_);
    }
  });
  is_tiled_ = true;
  return tiles_;
}

}  // namespace estoc
