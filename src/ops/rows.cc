#include "ops/rows.h"

#include <cstring>

namespace estoc {
namespace {

constexpr int64_t kLine = 16;  // floats in a cache line

}  // namespace

Rows::Rows(int64_t rows_max, int64_t columns)
    : rows_max_(rows_max),
      columns_max_(columns),
      stride_(((columns + kLine - 1) / kLine | 1) * kLine),
      columns_(columns),
      values_(static_cast<uint64_t>(rows_max * stride_) * sizeof(float), "activations") {
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
  code_tiles_.columns = columns;
  const int64_t row_tiles = kernels::CodeTiles::tile_count(rows_max);
  const int64_t stretches = row_tiles * code_tiles_.stretch_count();
  tile_codes_ = reserve(row_tiles * code_tiles_.column_tiles() * kernels::CodeTiles::kTileCodes, 1);
  high_codes_ = reserve(row_tiles * code_tiles_.column_tiles() * kernels::CodeTiles::kTileCodes, 1);
  tile_scales_ = reserve(stretches * kernels::CodeTiles::kRows, sizeof(float));
  marks_ = reserve(stretches, sizeof(uint16_t));
  code_sums_ = reserve(stretches * 2 * kernels::CodeTiles::kRows, sizeof(int32_t));
  code_tiles_.codes = tile_codes_.as<int8_t>();
  code_tiles_.high_codes = high_codes_.as<int8_t>();
  code_tiles_.scales = tile_scales_.as<float>();
  code_tiles_.marks = marks_.as<uint16_t>();
  code_tiles_.sums = code_sums_.as<int32_t>();
}

void Rows::reset(int64_t row_count) {
  ESTOC_DCHECK(row_count <= rows_max_);
  count_ = row_count;
  tiles_.rows = code_tiles_.rows = row_count;
  touch();
}

void Rows::reset(int64_t row_count, int64_t columns) {
  ESTOC_DCHECK(columns <= columns_max_);
  columns_ = quantized_.columns = tiles_.columns = code_tiles_.columns = columns;
  reset(row_count);
}

const kernels::QuantizedRows& Rows::quantized() const {
  ESTOC_DCHECK(has_codes_);
  return quantized_;
}

const kernels::RowTiles& Rows::tiles() const {
  ESTOC_DCHECK(has_tiles_);
  return tiles_;
}

const kernels::CodeTiles& Rows::code_tiles() const {
  ESTOC_DCHECK(has_code_tiles_);
  return code_tiles_;
}

void Rows::make(const Compute& compute, RowForm form) {
  if (form == RowForm::values) ESTOC_DCHECK(has_values_);
  if (form == RowForm::quantized && !has_codes_) {
    ESTOC_DCHECK(has_values_);
    set_planes(compute);
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
  if (form == RowForm::code_tiles && !has_code_tiles_) {
    ESTOC_DCHECK(has_values_);
    compute.team.parallel_for(
        count_, kStrip, [&](int64_t begin, int64_t end, int) { make_code_tiles(compute, row(begin), begin, end); });
    has_code_tiles_ = true;
  }
}

void Rows::begin_parts(const Compute& compute, bool keeps_values) {
  keeps_values_ = keeps_values;
  has_values_ = has_codes_ = has_tiles_ = has_code_tiles_ = false;
  set_planes(compute);
}

void Rows::copy_codes(int64_t r, const Rows& from, int64_t from_row) {
  ESTOC_DCHECK(from.columns_ == columns_ && from.has_codes_);
  const auto copy = [&](const PageMemory& source, const PageMemory& target, int64_t bytes) {
    std::memcpy(target.data() + r * bytes, source.data() + from_row * bytes, static_cast<size_t>(bytes));
  };
  copy(from.codes_, codes_, columns_);
  if (from.quantized_.low_codes != nullptr) copy(from.low_codes_, low_codes_, columns_);
  copy(from.scales_, scales_, quantized_.block_count() * int64_t{sizeof(kernels::ActivationScale)});
  copy(from.sums_, sums_, quantized_.group_count() * int64_t{sizeof(kernels::ActivationSums)});
}

kernels::QuantizedRows Rows::quantized_from(int64_t begin) const {
  kernels::QuantizedRows part = quantized_;
  part.codes += begin * columns_;
  if (part.low_codes != nullptr) part.low_codes += begin * columns_;
  part.scales += begin * part.block_count();
  part.sums += begin * part.group_count();
  return part;
}

kernels::RowTiles Rows::tiles_of(int64_t begin, int64_t end) const {
  ESTOC_DCHECK(begin % kStrip == 0);
  kernels::RowTiles part = tiles_;
  part.values += begin * columns_;
  part.rows = end - begin;
  return part;
}

kernels::CodeTiles Rows::code_tiles_of(int64_t begin, int64_t end) const {
  ESTOC_DCHECK(begin % kStrip == 0);
  kernels::CodeTiles part = code_tiles_;
  const int64_t tile = begin / kStrip, stretch = tile * part.stretch_count();
  const int64_t code = tile * part.column_tiles() * kernels::CodeTiles::kTileCodes;
  part.codes += code;
  part.high_codes += code;
  part.scales += stretch * kernels::CodeTiles::kRows;
  part.marks += stretch;
  part.sums += 2 * stretch * kernels::CodeTiles::kRows;
  part.rows = end - begin;
  return part;
}

void Rows::quantize(const Compute& compute, const float* values, int64_t first, int64_t end) {
  ESTOC_DCHECK(columns_ % kernels::kActivationGroup == 0);
  for (int64_t r = first; r < end; ++r) {
    int8_t* low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() + r * columns_ : nullptr;
    compute.kernels.quantize_row(values + (r - first) * stride_, columns_, codes_.as<int8_t>() + r * columns_,
                                 low_codes, scales_.as<kernels::ActivationScale>() + r * quantized_.block_count(),
                                 sums_.as<kernels::ActivationSums>() + r * quantized_.group_count());
  }
}

void Rows::make_tiles(const Compute& compute, const float* values, int64_t first, int64_t end) {
  ESTOC_DCHECK(columns_ % kernels::RowTiles::kColumns == 0 && first % kStrip == 0);
  for (int64_t r = first; r < end; r += kStrip) {
    compute.kernels.make_row_tiles(values + (r - first) * stride_, std::min(kStrip, end - r), stride_, columns_,
                                   tile_values_.as<uint16_t>() + r * columns_);
  }
}

void Rows::make_code_tiles(const Compute& compute, const float* values, int64_t first, int64_t end) {
  ESTOC_DCHECK(columns_ % kernels::kActivationGroup == 0 && first % kStrip == 0);
  for (int64_t r = first; r < end; r += kStrip) {
    const int64_t tile = r / kStrip, stretch = tile * code_tiles_.stretch_count();
    const int64_t code = tile * code_tiles_.column_tiles() * kernels::CodeTiles::kTileCodes;
    compute.kernels.make_code_tiles(values + (r - first) * stride_, std::min(kStrip, end - r), stride_, columns_,
                                    {.codes = tile_codes_.as<int8_t>() + code,
                                     .high_codes = high_codes_.as<int8_t>() + code,
                                     .scales = tile_scales_.as<float>() + stretch * kernels::CodeTiles::kRows,
                                     .marks = marks_.as<uint16_t>() + stretch,
                                     .sums = code_sums_.as<int32_t>() + 2 * stretch * kernels::CodeTiles::kRows});
  }
}

}  // namespace estoc
