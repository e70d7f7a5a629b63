// What an encoder makes of its rows: pooling, and products, functions and norms of the vectors that come out. In f32:
// it is one vector a text, and a score's last digits are seen.
//
// Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "layers/encoder_spec.h"
#include "layers/linear.h"
#include "layers/load_context.h"
#include "layers/norm.h"
#include "ops/rows.h"
#include "tensor/batch.h"

namespace estoc {

// pooled.row(first + i) = what `pooling` makes of the rows of sequence i, one after the other.
void pool(const Compute& compute, const Batch& batch, std::span<const Pooling> pooling, const Rows& hidden,
          int64_t first, Rows& pooled);

// Every vector by its length; one of nothing but zeros stays.
void normalize(const Compute& compute, Rows& vectors);

class VectorStep {
 public:
  // Of vectors that are `columns` wide.
  VectorStep(LoadContext& load, const VectorStepSpec& spec, int64_t columns);

  // Columns of what comes out.
  int64_t width() const { return width_; }
  // out = step(in).
  void forward(const Compute& compute, Rows& in, const DecodeScratch& decoded, Rows& out) const;

 private:
  void load_rows(LoadContext& load, const VectorStepSpec& spec, int64_t columns);

  std::unique_ptr<WeightSource> source_;  // of a module that has its own
  std::optional<Linear> linear_;
  std::vector<float> row_;  // [columns] instead
  VectorStepSpec::Function function_;
  std::optional<Norm> norm_;
  int64_t width_;
};

}  // namespace estoc
