#include "ops/rows.h"

namespace estoc {

Rows::Rows(int64_t rows_max, int64_t columns)
    : rows_max_(rows_max),
      columns_(columns),
      values_(static_cast<uint64_t>(rows_max * columns) * sizeof(float), "activations") {
  const auto reserve = [&](int64_t count, size_t size) {
    return PageMemory(static_cast<uint64_t>(count) * size, "activations");
  };
  quantized_.columns = columns;
  codes_ = reserve(rows_max * columns, 1);
  low_codes_ = reserve(rows_max * columns, 1);
  scales_ = reserve(rows_max * quantized_.block_count(), sizeof(kernels::ActivationScale));
  sums_ = reserve(rows_max * quantized_.group_count(), sizeof(kernels::ActivationSums));
  tile_values_ = reserve(kernels::RowTiles::tile_count(rows_max) * kernels::RowTiles::kRows * columns, 2);
  quantized_.codes = codes_.as<int8_t>();
  quantized_.scales = scales_.as<kernels::ActivationScale>();
  quantized_.sums = sums_.as<kernels::ActivationSums>();
  tiles_.values = tile_values_.as<uint16_t>();
  tiles_.columns = columns;
}

void Rows::reset(int64_t row_count) {
  ESTOC_DCHECK(row_count <= rows_max_);
  count_ = row_count;
  tiles_.rows = row_count;
  touch();
}

const kernels::QuantizedRows& Rows::quantized() const {
  ESTOC_DCHECK(has_codes_);
  return quantized_;
}

const kernels::RowTiles& Rows::tiles() const {
  ESTOC_DCHECK(has_tiles_);
  return tiles_;
}

void Rows::make(const Compute& compute, RowForm form) {
  if (form == RowForm::values) ESTOC_DCHECK(has_values_);
  if (form == RowForm::quantized && !has_codes_) {
    ESTOC_DCHECK(has_values_);
    const auto some = [&](int64_t begin, int64_t end, int) { quantize(compute, row(begin), begin, end); };
    if (!Compute::is_worth_splitting(count_ * columns_)) {
      some(0, count_, 0);
    } else {
      compute.team.parallel_for(count_, 1, some);
    }
    has_codes_ = true;
  }
  if (form == RowForm::tiles && !has_tiles_) {
    ESTOC_DCHECK(has_values_);
    compute.team.parallel_for(count_, kStrip,
                              [&](int64_t begin, int64_t end, int) { make_tiles(compute, row(begin), begin, end); });
    has_tiles_ = true;
  }
}

void Rows::quantize(const Compute& compute, const float* values, int64_t first, int64_t end) {
  ESTOC_DCHECK(columns_ % kernels::kActivationGroup == 0);
  quantized_.low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() : nullptr;
  for (int64_t r = first; r < end; ++r) {
    int8_t* low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() + r * columns_ : nullptr;
    compute.kernels.quantize_row(values + (r - first) * columns_, columns_, codes_.as<int8_t>() + r * columns_,
                                 low_codes, scales_.as<kernels::ActivationScale>() + r * quantized_.block_count(),
                                 sums_.as<kernels::ActivationSums>() + r * quantized_.group_count());
  }
}

void Rows::make_tiles(const Compute& compute, const float* values, int64_t first, int64_t end) {
  ESTOC_DCHECK(columns_ % kernels::RowTiles::kColumns == 0 && first % kStrip == 0);
  for (int64_t r = first; r < end; r += kStrip) {
    compute.kernels.make_row_tiles(values + (r - first) * columns_, std::min(kStrip, end - r), columns_, columns_,
                                   tile_values_.as<uint16_t>() + r * columns_);
  }
}

}  // namespace estoc
