// One weight matrix in the form the chosen compute mode reads, and the product with it.
//
// What: three forms. packed: integer codes in panels (fast mode, integer formats). dense: f32, f16, bf16 or FP8 rows
// used where they lie, or copied into their order and type (fast mode, float formats), with the factors of FP8 beside
// them. decoded: any format, turned into f32 rows on the way unless they are that already (exact mode). Ownership:
// packed shares its memory with a PackedStore, if one is given; dense and decoded point into the weight file, which
// must outlive the Weight. Threads: immutable after construction. Errors: the makers throw Error{resource_exhausted}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/panels.h"
#include "ops/compute.h"
#include "ops/packed_store.h"
#include "ops/rows.h"
#include "quant/format.h"
#include "tensor/compute_mode.h"
#include "weights/matrix_view.h"

namespace estoc {

class Weight {
 public:
  enum class Form { packed, dense, decoded };

  // `packed_store` and `release` are used by the packed form only and may be null. `release` is called now and then
  // while rows are packed: those read so far will not be read again. `type`: see format_as.
  Weight(const MatrixView& matrix, ComputeMode mode, const Compute& compute, PackedStore* packed_store = nullptr,
         const std::function<void()>& release = {}, WeightType type = WeightType::as_stored);

  Form form() const { return form_; }
  int64_t rows() const { return matrix_.rows(); }
  int64_t columns() const { return matrix_.columns(); }
  const std::string& name() const { return matrix_.tensor().name; }
  // Of the form that is multiplied.
  uint64_t resident_bytes() const;

  // 16 rows of the weight each, as they are multiplied together; the last may be partial.
  int64_t panel_count() const { return (rows() + kernels::kPanelRows - 1) / kernels::kPanelRows; }

  // The form of activations that multiply reads when there are `row_count` of them.
  RowForm reads(const Compute& compute, int64_t row_count) const {
    return reads_of(*format_, form_, columns(), compute, row_count);
  }
  // out[r][n] = x[r] . w[n] for the rows n of panels [begin, end); x has the form it reads. One thread; different
  // panels from different threads. scratch: kDecodedRows * columns floats of the thread's own.
  void multiply(const Compute& compute, const Rows& x, const kernels::ProductRows& out, int64_t begin, int64_t end,
                float* scratch) const {
    multiply(compute, RowsPart{x, reads(compute, x.count()), 0, x.count()}, out, begin, end, scratch);
  }
  // The same of some rows; row 0 of `out` is the part's first. The part's form is one that the weight can read:
  // `reads` of some number of rows, or quantized where that is not values.
  void multiply(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin, int64_t end,
                float* scratch) const;

  static constexpr int64_t kDecodedRows = 16;

  // The format that rows of `columns` are computed in: floating-point ones that can be packed become that of `type`.
  static const QuantFormat& format_as(const QuantFormat& format, WeightType type, int64_t columns);
  // What form a format takes, and how many bytes a matrix of it then keeps resident.
  static Form form_of(const QuantFormat& format, ComputeMode mode);
  static uint64_t resident_bytes_of(const QuantFormat& format, ComputeMode mode, int64_t rows, int64_t columns);
  // What `reads` answers for a weight of that format, form and width.
  static RowForm reads_of(const QuantFormat& format, Form form, int64_t columns, const Compute& compute,
                          int64_t row_count);

 private:
  PackedBytes pack(const Compute& compute, const std::function<void()>& release) const;
  PackedBytes copy_rows() const;
  // The factors of FP8 rows as kernels read them. False where they change within 32 columns, which no kernel reads.
  bool load_scales();
  kernels::F8Rows f8_rows(int64_t n, int64_t count) const;
  // Dense rows from n on that lie evenly and are at most `end - n`.
  int64_t even_rows(int64_t n, int64_t end) const;
  void multiply_dense_tiles(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                            int64_t end) const;
  void multiply_dense(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                      int64_t end, float* scratch) const;
  void multiply_f8(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                   int64_t end, float* scratch, bool is_worth_widening) const;
  void multiply_decoded(const Compute& compute, const RowsPart& x, const kernels::ProductRows& out, int64_t begin,
                        int64_t end, float* scratch) const;

  const std::byte* dense_row(int64_t n) const;
  int64_t dense_stride() const;

  MatrixView matrix_;
  const QuantFormat* format_;  // what is computed with; the matrix's own unless it is rounded on the way
  Form form_;
  kernels::PanelMatrix panels_;
  std::vector<float> scales_;  // of FP8 rows, as kernels/f8_rows.h has them
  int64_t scale_rows_ = 1, scale_columns_ = 0;
  PackedBytes packed_;  // or, of the dense form, rows in their order and type where the file has another
};

}  // namespace estoc
