// Activations: rows in f32 and the forms that products read them in.
//
// A producer that knows its readers (fill) makes their form while a few rows are still in the cache, and need not write
// the f32 rows out at all; otherwise a form is made from the f32 rows when a product asks for it (make).
// Ownership: owns its memory, sized once for rows_max. Threads: one op at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "kernels/panels.h"
#include "ops/compute.h"
#include "tensor/page_memory.h"

namespace estoc {

// f32 as it is; then as panels.h describes them: codes with scales, bf16 tiles for a matrix unit, tiles of codes.
enum class RowForm { values, quantized, tiles, code_tiles };

class Rows;

// Consecutive rows in the form that a product reads.
struct RowsPart {
  const Rows& rows;
  RowForm form;
  int64_t begin, end;  // begin is a multiple of Rows::kStrip where the form is tiles of either kind
  int64_t count() const { return end - begin; }
};

class Rows {
 public:
  // Rows that are brought into a form together.
  static constexpr int64_t kStrip = kernels::RowTiles::kRows;

  // The columns must be a multiple of 32 for other forms than values.
  Rows(int64_t rows_max, int64_t columns);

  // Sets how many rows are in use; what they held is forgotten.
  void reset(int64_t row_count);
  // And how wide they are, up to the columns that there is memory for.
  void reset(int64_t row_count, int64_t columns);

  int64_t count() const { return count_; }
  int64_t columns() const { return columns_; }
  // Floats from one row to the next: an odd number of cache lines, or the same column of many rows would share a few
  // sets of the caches.
  int64_t stride() const { return stride_; }
  float* row(int64_t index) { return values_.as<float>() + index * stride_; }
  const float* row(int64_t index) const { return values_.as<float>() + index * stride_; }

  // To be called by whoever changed rows: other forms are out of date.
  void touch() { has_values_ = true, has_codes_ = has_tiles_ = has_code_tiles_ = false; }

  // Makes `form` from the f32 rows unless it is there.
  void make(const Compute& compute, RowForm form);
  const kernels::QuantizedRows& quantized() const;
  const kernels::RowTiles& tiles() const;
  const kernels::CodeTiles& code_tiles() const;

  // Sets all rows in use: write(r, out) gives row r. Leaves them in `form` alone.
  template <typename Write>
  void fill(const Compute& compute, RowForm form, Write&& write) {
    const auto strip = [&](int64_t first, int64_t end, int thread) {
      // Rows that nobody reads as f32 need not leave the cache: every strip of a thread uses the same place.
      float* at = row(form == RowForm::values ? first : place_of(compute, first, thread));
      for (int64_t r = first; r < end; ++r) write(r, at + (r - first) * stride_);
      if (form == RowForm::quantized) quantize(compute, at, first, end);
      if (form == RowForm::tiles) make_tiles(compute, at, first, end);
      if (form == RowForm::code_tiles) make_code_tiles(compute, at, first, end);
    };
    set_planes(compute);
    const bool is_tiled = form == RowForm::tiles || form == RowForm::code_tiles;  // in whole strips
    const int64_t strips = (count_ + kStrip - 1) / kStrip;
    if (!Compute::is_worth_splitting(count_ * columns_)) {
      for (int64_t i = 0; i < strips; ++i) strip(i * kStrip, std::min(count_, (i + 1) * kStrip), 0);
    } else if (is_tiled || strips >= 4 * compute.team.thread_count()) {
      compute.team.parallel_items(
          strips, [&](int64_t i, int thread) { strip(i * kStrip, std::min(count_, (i + 1) * kStrip), thread); });
    } else {  // few rows: one by one
      compute.team.parallel_items(count_, [&](int64_t r, int thread) { strip(r, r + 1, thread); });
    }
    has_values_ = form == RowForm::values;
    has_codes_ = form == RowForm::quantized;
    has_tiles_ = form == RowForm::tiles;
    has_code_tiles_ = form == RowForm::code_tiles;
  }

  // For rows whose strips have different forms, because products with few and with many rows read them. Between
  // begin_parts and the next reset only what follows is used, and each strip (rows from a multiple of kStrip to the
  // next) is set by one thread at a time. `keeps_values`: whether values are among the forms of any strip.
  void begin_parts(const Compute& compute, bool keeps_values);
  // Sets rows [first, end) of one strip, first being its first: write(r, out) gives row r.
  template <typename Write>
  void fill_part(const Compute& compute, std::span<const RowForm> forms, int64_t first, int64_t end, int thread,
                 Write&& write) {
    ESTOC_DCHECK(keeps_values_ || std::ranges::find(forms, RowForm::values) == forms.end());
    float* const at = row(keeps_values_ ? first : place_of(compute, first, thread));
    for (int64_t r = first; r < end; ++r) write(r, at + (r - first) * stride_);
    for (const RowForm form : forms) {
      if (form == RowForm::quantized) quantize(compute, at, first, end);
      if (form == RowForm::tiles) make_tiles(compute, at, first, end);
      if (form == RowForm::code_tiles) make_code_tiles(compute, at, first, end);
    }
  }
  // The codes of row r are those of a row of `from`, which is quantized and has as many columns.
  void copy_codes(int64_t r, const Rows& from, int64_t from_row);

  // Rows [begin, end) as products read them, counted from `begin`.
  kernels::QuantizedRows quantized_from(int64_t begin) const;
  kernels::RowTiles tiles_of(int64_t begin, int64_t end) const;
  kernels::CodeTiles code_tiles_of(int64_t begin, int64_t end) const;

 private:
  // Where a thread writes the values of a strip that nobody reads as f32: rows of its own, if there are enough.
  int64_t place_of(const Compute& compute, int64_t first, int thread) const {
    return compute.team.thread_count() * kStrip > rows_max_ ? first : thread * kStrip;
  }
  // Whether codes have a second plane.
  void set_planes(const Compute& compute) {
    quantized_.low_codes = compute.has_wide_activations ? low_codes_.as<int8_t>() : nullptr;
  }

  // The forms of rows [first, end), whose f32 values lie at `values`.
  void quantize(const Compute& compute, const float* values, int64_t first, int64_t end);
  void make_tiles(const Compute& compute, const float* values, int64_t first, int64_t end);
  void make_code_tiles(const Compute& compute, const float* values, int64_t first, int64_t end);

  int64_t rows_max_, columns_max_, stride_;
  int64_t columns_;
  int64_t count_ = 0;
  bool has_values_ = true, has_codes_ = false, has_tiles_ = false, has_code_tiles_ = false;
  bool keeps_values_ = false;  // of parts
  PageMemory values_, codes_, low_codes_, scales_, sums_, tile_values_, tile_codes_, high_codes_, tile_scales_, marks_,
      code_sums_;
  kernels::QuantizedRows quantized_;
  kernels::RowTiles tiles_;
  kernels::CodeTiles code_tiles_;
};

}  // namespace estoc
