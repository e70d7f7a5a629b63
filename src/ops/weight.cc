#include "ops/weight.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"
#include "ops/pack.h"
#include "quant/affine.h"
#include "quant/f8.h"
#include "tensor/page_memory.h"

namespace estoc {
namespace {

// Rows of activations whose codes fit comfortably in the second-level cache beside a few panels.
constexpr int64_t kRowBlockBytes = 192 << 10;
constexpr int64_t kPackSliceBytes = 32 << 20;

kernels::Dense dense_type(const QuantFormat& format) {
  if (&format == &f32) return kernels::Dense::f32;
  return &format == &f16 ? kernels::Dense::f16 : kernels::Dense::bf16;
}

bool is_f8(const QuantFormat& format) { return &format == &f8_e4m3; }
bool is_dense(const QuantFormat& format) {
  return &format == &f32 || &format == &f16 || &format == &bf16 || is_f8(format);
}

kernels::PanelMatrix panel_shape(const AffineView& affine, int64_t rows, int64_t columns) {
  ESTOC_CHECK(affine.zero >= 0 && (affine.zero & (affine.zero - 1)) == 0);  // kernels shift by it
  return {.rows = rows,
          .columns = columns,
          .bits = affine.bits,
          .group = affine.group,
          .zero = affine.zero,
          .has_min = affine.has_min,
          .scale_type = affine.scale_type,
          .values = affine.values};
}

uint64_t panel_matrix_bytes(const kernels::PanelMatrix& panels) {
  return static_cast<uint64_t>(panels.panel_bytes() * panels.panel_count());
}

}  // namespace

const QuantFormat& Weight::format_as(const QuantFormat& format, WeightType type, int64_t columns) {
  // Bytes that are exact already stay where something of their size or larger is asked for.
  const bool is_kept = is_f8(format) && (type == WeightType::int8 || type == WeightType::bf16);
  if (type == WeightType::as_stored || is_kept || !is_dense(format)) return format;
  if (type == WeightType::bf16) return bf16;
  if (columns % kernels::kActivationGroup != 0) return format;
  return *find_format(type == WeightType::int8 ? "q8_0" : "q4_1");
}

Weight::Form Weight::form_of(const QuantFormat& format, ComputeMode mode) {
  if (mode == ComputeMode::exact) return Form::decoded;
  if (format.affine != nullptr) return Form::packed;
  return is_dense(format) ? Form::dense : Form::decoded;
}

uint64_t Weight::resident_bytes_of(const QuantFormat& format, ComputeMode mode, int64_t rows, int64_t columns) {
  if (form_of(format, mode) != Form::packed) return static_cast<uint64_t>(rows * format.row_bytes(columns));
  return panel_matrix_bytes(panel_shape(*format.affine, rows, columns));
}

Weight::Weight(const MatrixView& matrix, ComputeMode mode, const Compute& compute, PackedStore* packed_store,
               const std::function<void()>& release, WeightType type)
    : matrix_(matrix),
      format_(mode == ComputeMode::fast ? &format_as(matrix.format(), type, matrix.columns()) : &matrix.format()),
      form_(form_of(*format_, mode)) {
  if (form_ == Form::dense && is_f8(*format_) && !load_scales()) form_ = Form::decoded;
  if (form_ == Form::dense && (format_ != &matrix_.format() || !matrix_.has_even_runs(kDecodedRows))) {
    packed_ = copy_rows();
  }
  if (form_ != Form::packed) return;
  panels_ = panel_shape(*format_->affine, rows(), columns());
  const PackedKey key = {.name = matrix_.tensor().name,
                         .scheme = std::string(matrix_.format().name) +
                                   (format_ == &matrix_.format() ? "" : " as " + std::string(format_->name)),
                         .slice = matrix_.slice(),
                         .row_map = matrix_.row_map(),
                         .layout_version = kernels::kPanelLayoutVersion,
                         .bytes = panel_matrix_bytes(panels_)};
  if (packed_store != nullptr) packed_ = packed_store->find(key);
  if (packed_ == nullptr) {
    packed_ = pack(compute, release);
    if (packed_store != nullptr) packed_store->add(key, packed_);
  }
  panels_.data = packed_.get();
}

uint64_t Weight::resident_bytes() const {
  if (form_ == Form::packed) return panel_matrix_bytes(panels_);
  return resident_bytes_of(*format_, ComputeMode::exact, rows(), columns());
}

bool Weight::load_scales() {
  scale_columns_ = matrix_.has_scales() ? matrix_.scale_columns() : columns();
  if (scale_columns_ < columns() && scale_columns_ % kernels::RowTiles::kColumns != 0) return false;
  const auto are_shared = [&] {
    for (int64_t n = 0; n < rows(); n += kernels::kPanelRows) {
      if (!matrix_.is_evenly_scaled(n, std::min<int64_t>(kernels::kPanelRows, rows() - n))) return false;
    }
    return true;
  };
  scale_rows_ = !matrix_.has_scales() || are_shared() ? kernels::kPanelRows : 1;
  for (int64_t k = 0; k < columns(); k += scale_columns_) {
    for (int64_t n = 0; n < rows(); n += scale_rows_) {
      scales_.push_back(matrix_.has_scales() ? matrix_.scale(n, k) : 1.0f);
    }
  }
  return true;
}

kernels::F8Rows Weight::f8_rows(int64_t n, int64_t count) const {
  const kernels::F8Rows rows = {.codes = dense_row(n),
                                .rows = count,
                                .columns = columns(),
                                .stride_bytes = dense_stride(),
                                .scales = scales_.data() + n / scale_rows_,
                                .scale_stride = (this->rows() + scale_rows_ - 1) / scale_rows_,
                                .scale_rows = scale_rows_,
                                .scale_columns = scale_columns_};
  return rows;
}

PackedBytes Weight::copy_rows() const {
  const auto row_bytes = static_cast<size_t>(format_->row_bytes(columns()));
  const auto memory = std::make_shared<PageMemory>(row_bytes * static_cast<size_t>(rows()), "weights in another order");
  std::vector<float> values(format_ == &matrix_.format() ? 0 : static_cast<size_t>(columns()));
  for (int64_t r = 0; r < rows(); ++r) {
    std::byte* const to = memory->data() + static_cast<size_t>(r) * row_bytes;
    if (values.empty()) {
      std::memcpy(to, matrix_.row(r), row_bytes);
    } else {
      matrix_.decode(r, values.data());
      format_->encode(values.data(), to, columns());
    }
  }
  return {memory, memory->data()};
}

PackedBytes Weight::pack(const Compute& compute, const std::function<void()>& release) const {
  const auto memory = std::make_shared<PageMemory>(panel_matrix_bytes(panels_), "packed weights");
  // In slices, so that the file's rows and their packed form are never resident together as wholes.
  const int64_t slice = std::max<int64_t>(1, kPackSliceBytes / panels_.panel_bytes());
  for (int64_t begin = 0; begin < panels_.panel_count(); begin += slice) {
    const int64_t count = std::min(slice, panels_.panel_count() - begin);
    compute.team.parallel_items(count, [&](int64_t item, int) {
      const int64_t panel = begin + item;
      pack_panel(matrix_, *format_, panels_, panel, memory->data() + panel * panels_.panel_bytes());
    });
    if (count == slice && release) release();
  }
  return {memory, memory->data()};
}

RowForm Weight::reads_of(const QuantFormat& format, Form form, int64_t columns, const Compute& compute,
                         int64_t row_count) {
  if (form == Form::decoded) return RowForm::values;
  const auto is_enough = [&](int rows_min) { return rows_min > 0 && row_count >= rows_min; };
  if (form == Form::dense) {
    const bool is_tiled = !compute.is_deterministic && columns % kernels::RowTiles::kColumns == 0;
    const int rows_min = is_f8(format)       ? compute.kernels.f8_tile_rows_min
                         : &format == &bf16 ? compute.kernels.dense_tile_rows_min
                                            : compute.kernels.split_tile_rows_min;
    return is_tiled && is_enough(rows_min) ? RowForm::tiles : RowForm::values;
  }
  if (compute.is_deterministic) return RowForm::quantized;
  // 8 bits are few for a model that asks for 16, and for weights that have 8 themselves or in a table. Panels in groups
  // of 16 hold formats that leave some of the 4 bits unused, which would be lost of the 8.
  const AffineView& affine = *format.affine;
  const bool is_coarse =
      !compute.has_wide_activations && affine.bits == 4 && affine.group == 32 && affine.values == nullptr;
  if (is_coarse && is_enough(compute.kernels.code_rows_min)) return RowForm::code_tiles;
  return is_enough(compute.kernels.tile_rows_min) ? RowForm::tiles : RowForm::quantized;
}

void Weight::multiply(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                      int64_t end, float* scratch) const {
  if (x.form == RowForm::tiles && form_ == Form::packed) {
    return compute.kernels.tile_gemm(panels_, begin, end, x.rows.tiles_of(x.begin, x.end), out);
  }
  if (x.form == RowForm::code_tiles) {
    return compute.kernels.code_tile_gemm(panels_, begin, end, x.rows.code_tiles_of(x.begin, x.end), out);
  }
  if (form_ == Form::packed) {
    ESTOC_DCHECK(x.form == RowForm::quantized);
    const kernels::QuantizedRows quantized = x.rows.quantized_from(x.begin);
    const int64_t block = std::max<int64_t>(16, kRowBlockBytes / columns() / 16 * 16);
    for (int64_t row = 0; row < x.count(); row += block) {
      compute.kernels.panel_gemm(panels_, begin, end, quantized, row, std::min(x.count(), row + block), out);
    }
    return;
  }
  const int64_t first = begin * kernels::kPanelRows, last = std::min(rows(), end * kernels::kPanelRows);
  if (x.form == RowForm::tiles) {
    multiply_dense_tiles(compute, x, out, first, last);
  } else if (form_ == Form::dense) {
    multiply_dense(compute, x, out, first, last, scratch);
  } else {
    multiply_decoded(compute, x, out, first, last, scratch);
  }
}

const std::byte* Weight::dense_row(int64_t n) const {
  return packed_ == nullptr ? matrix_.row(n) : packed_.get() + n * dense_stride();
}

int64_t Weight::dense_stride() const {
  return packed_ == nullptr ? matrix_.row_stride_bytes() : format_->row_bytes(columns());
}

void Weight::multiply_dense_tiles(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out,
                                  int64_t begin, int64_t end) const {
  const kernels::RowTiles tiles = x.rows.tiles_of(x.begin, x.end);
  for (int64_t n = begin, count = 0; n < end; n += count) {
    count = even_rows(n, end);
    if (is_f8(*format_)) {
      compute.kernels.f8_tile_gemm(f8_rows(n, count), tiles, out.from(0, n));
    } else {
      compute.kernels.dense_tile_gemm(dense_type(*format_), dense_row(n), count, dense_stride(), tiles,
                                      out.from(0, n));
    }
  }
}

int64_t Weight::even_rows(int64_t n, int64_t end) const {
  const std::byte* const row = dense_row(n);
  int64_t count = std::min(kDecodedRows, end - n);
  while (n + count < end && dense_row(n + count) == row + count * dense_stride()) {
    count = std::min(count + kDecodedRows, end - n);
  }
  return count;
}

void Weight::multiply_dense(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                            int64_t end, float* scratch) const {
  // From so many rows on it pays to widen the weights before. Where bf16 is multiplied as it is, the sums differ.
  constexpr int64_t kWidenedRows = 24;
  if (is_f8(*format_)) return multiply_f8(compute, x, out, begin, end, scratch, x.count() >= kWidenedRows);
  const kernels::Dense type = dense_type(*format_);
  const bool is_one_way = compute.is_deterministic && type == kernels::Dense::bf16 && compute.kernels.has_bf16_dot;
  const bool is_widened = x.count() >= kWidenedRows && type != kernels::Dense::f32 && !is_one_way;
  // A few weight rows at a time against all activations: the weights are read once.
  for (int64_t n = begin; n < end; n += kDecodedRows) {
    const int64_t count = std::min(kDecodedRows, end - n);
    const int64_t stride = dense_stride();
    const std::byte* const row = dense_row(n);
    if (is_widened) {
      for (int64_t i = 0; i < count; ++i) {
        compute.kernels.widen(type, row + i * stride, columns(), scratch + i * columns());
      }
      compute.kernels.dense_gemm(kernels::Dense::f32, scratch, count, columns() * 4, columns(), x.rows.row(x.begin),
                                 x.count(), x.rows.stride(), out.from(0, n));
      continue;
    }
    compute.kernels.dense_gemm(type, row, count, stride, columns(), x.rows.row(x.begin), x.count(), x.rows.stride(),
                               out.from(0, n));
  }
}

// Widened weights have their factors in them, which rounds once more: not where all numbers of rows are to be alike.
void Weight::multiply_f8(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                         int64_t end, float* scratch, bool is_worth_widening) const {
  for (int64_t n = begin; n < end; n += kDecodedRows) {
    const kernels::F8Rows w = f8_rows(n, std::min(kDecodedRows, end - n));
    if (!is_worth_widening || compute.is_deterministic) {
      compute.kernels.f8_gemm(w, x.rows.row(x.begin), x.count(), x.rows.stride(), out.from(0, n));
      continue;
    }
    compute.kernels.widen_f8(w, scratch);
    compute.kernels.dense_gemm(kernels::Dense::f32, scratch, w.rows, columns() * 4, columns(), x.rows.row(x.begin),
                               x.count(), x.rows.stride(), out.from(0, n));
  }
}

void Weight::multiply_decoded(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                              int64_t end, float* scratch) const {
  const bool is_f32 = format_ == &f32 && matrix_.has_even_runs(kDecodedRows);
  for (int64_t n = begin; n < end; n += kDecodedRows) {
    const int64_t count = std::min(kDecodedRows, end - n);
    for (int64_t i = 0; i < count && !is_f32; ++i) matrix_.decode(n + i, scratch + i * columns());
    compute.kernels.dense_gemm(kernels::Dense::f32, is_f32 ? static_cast<const void*>(matrix_.row(n)) : scratch, count,
                               is_f32 ? matrix_.row_stride_bytes() : columns() * 4, columns(), x.rows.row(x.begin),
                               x.count(), x.rows.stride(), out.from(0, n));
  }
}

}  // namespace estoc
