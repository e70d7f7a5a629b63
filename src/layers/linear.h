// y = W x (+ b): one weight matrix of the model, in whatever form its format and the mode ask for.
// Immutable after construction; throws Error{corrupt_file} when the tensor is missing or of another shape.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "layers/layer_spec.h"
#include "layers/load_context.h"
#include "ops/matmul.h"
#include "weights/matrix_view.h"

namespace estoc {

class Linear {
 public:
  // Takes `name`.weight [rows, columns] and, when the file has it, `name`.bias [rows].
  Linear(LoadContext& load, const std::string& name, int64_t rows, int64_t columns);
  // The same of a part of a tensor, whose bias is as long as the tensor has rows. `order`: row r is row
  // order.stored_row(r) of what the spec describes.
  Linear(LoadContext& load, const MatrixSpec& spec, int64_t rows, int64_t columns, const RowMap& order = {});
  // A matrix that is no tensor of its own: a slice of a fused one. `bias` [matrix.rows()] or empty.
  Linear(LoadContext& load, const MatrixView& matrix, std::vector<float> bias);

  const Weight& weight() const { return weight_; }
  std::span<const float> bias() const { return bias_; }

  // The form in which it reads `row_count` rows of input. Linears that share an input may differ; the others then make
  // theirs from f32, so a producer must leave values unless all agree (see form_of).
  RowForm reads(const Compute& compute, int64_t row_count) const { return weight_.reads(compute, row_count); }

 private:
  Weight weight_;
  std::vector<float> bias_;
};

struct LinearOutput {
  const Linear* linear = nullptr;
  Rows* out = nullptr;
  bool is_added = false;     // to the rows that `out` has (the residual stream)
  bool leaves_bias = false;  // to whoever reads the rows
};

// Several linears of the same input in one fork–join; each output gets x.count() rows.
void forward(const Compute& compute, Rows& x, std::span<const LinearOutput> outputs, const DecodeScratch& scratch);

// The form a producer should leave for these readers: what they all read, else values.
RowForm form_of(const Compute& compute, int64_t row_count, std::initializer_list<const Linear*> readers);

// A matrix in the form that the context's mode asks for.
Weight load_weight(LoadContext& load, const MatrixView& matrix);

// All of `name`.weight. Throws Error{corrupt_file} when it is missing or not [rows, columns].
MatrixView load_matrix(LoadContext& load, const std::string& name, int64_t rows, int64_t columns);

// The matrix of a spec. Throws as the other.
MatrixView load_matrix(LoadContext& load, const MatrixSpec& spec, int64_t rows, int64_t columns,
                       const RowMap& order = {});

// A 1-D tensor (norm weight, bias) as f32. Throws Error{corrupt_file}.
std::vector<float> load_vector(LoadContext& load, const std::string& name, int64_t count);

}  // namespace estoc
