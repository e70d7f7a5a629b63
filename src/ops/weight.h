// One weight matrix in the form the chosen compute mode reads, and the product with it.
//
// What: three forms. packed: integer codes in panels (fast mode, integer formats). dense: f32, f16 or bf16 rows used
// where they lie (fast mode, float formats; exact mode, f32). decoded: any format, turned into f32 rows on the way
// (exact mode). Ownership: packed shares its memory with a PackedStore, if one is given; dense and decoded point into
// the weight file, which must outlive the Weight. Threads: immutable after construction. Errors: the makers throw
// Error{resource_exhausted}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "kernels/panels.h"
#include "ops/compute.h"
#include "ops/packed_store.h"
#include "ops/rows.h"
#include "quant/format.h"
#include "tensor/compute_mode.h"

namespace estoc {

// A matrix as a file stores it: rows of one format, found by index.
struct StoredMatrix {
  const QuantFormat* format = nullptr;
  int64_t rows = 0, columns = 0;
  std::function<const std::byte*(int64_t row)> row;
  int64_t row_stride_bytes = 0;  // distance of consecutive rows; 0 when they are not evenly spaced (permuted)
  std::string name;              // of the tensor, for a PackedStore
  int64_t head_dim = 0;          // of its row map, likewise
  // Called now and then while rows are packed: those read so far will not be read again. May be empty.
  std::function<void()> release;
};

class Weight {
 public:
  enum class Form { packed, dense, decoded };

  // `packed_store` is used by the packed form only and may be null.
  Weight(const StoredMatrix& stored, ComputeMode mode, const Compute& compute, PackedStore* packed_store = nullptr);

  Form form() const { return form_; }
  int64_t rows() const { return stored_.rows; }
  int64_t columns() const { return stored_.columns; }
  const std::string& name() const { return stored_.name; }
  // Of the form that is multiplied.
  uint64_t resident_bytes() const;

  // 16 rows of the weight each, as they are multiplied together; the last may be partial.
  int64_t panel_count() const { return (stored_.rows + kernels::kPanelRows - 1) / kernels::kPanelRows; }

  // The form of activations that multiply reads when there are `row_count` of them.
  RowForm reads(const Compute& compute, int64_t row_count) const;
  // out[r][n] = x[r] . w[n] for the rows n of panels [begin, end); x has the form it reads. One thread; different
  // panels from different threads. scratch: kDecodedRows * columns floats of the thread's own.
  void multiply(const Compute& compute, const Rows& x, const kernels::ProductRows& out, int64_t begin, int64_t end,
                float* scratch) const;

  static constexpr int64_t kDecodedRows = 16;

  // What form a format takes, and how many bytes a matrix of it then keeps resident.
  static Form form_of(const QuantFormat& format, ComputeMode mode, bool is_evenly_spaced);
  static uint64_t resident_bytes_of(const QuantFormat& format, ComputeMode mode, int64_t rows, int64_t columns);

 private:
  PackedBytes pack(const Compute& compute) const;
  void multiply_dense(const Compute& compute, const Rows& x, const kernels::ProductRows& out, int64_t begin,
                      int64_t end) const;
  void multiply_decoded(const Compute& compute, const Rows& x, const kernels::ProductRows& out, int64_t begin,
                        int64_t end, float* scratch) const;

  StoredMatrix stored_;
  Form form_;
  kernels::PanelMatrix panels_;
  PackedBytes packed_;
};

}  // namespace estoc
