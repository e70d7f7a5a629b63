// Norms over rows of activations. Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
#pragma once

#include <span>
#include <vector>

#include "layers/layer_spec.h"
#include "layers/load_context.h"
#include "ops/rows.h"

namespace estoc {

class Norm {
 public:
  Norm(LoadContext& load, const NormSpec& spec, int64_t columns);

  // out = norm(x), in the form its readers want; out may be x when they want values.
  void forward(const Compute& compute, const Rows& x, Rows& out, RowForm form = RowForm::values) const;

 private:
  NormSpec::Kind kind_;
  float epsilon_;
  std::vector<float> weight_;
  std::vector<float> bias_;  // of layer norms, or empty
};

// The weights of `spec` with what is to be added to them; ones where it has none.
std::vector<float> load_norm_weight(LoadContext& load, const NormSpec& spec, std::span<const int64_t> shape);

}  // namespace estoc
