// The token embedding, with that of positions where a model has one: rows of stored matrices, decoded on demand. Never
// packed: a step reads a handful of rows.
#pragma once

#include "layers/layer_spec.h"
#include "layers/load_context.h"
#include "ops/rows.h"
#include "tensor/batch.h"

namespace estoc {

class Embedding {
 public:
  // Throws Error{corrupt_file} when `name`.weight is not [vocab, hidden], or the table of positions not
  // [context_max, hidden].
  Embedding(LoadContext& load, const std::string& name, const DecoderSpec& spec);

  // out [tokens][hidden]; ids must be inside the vocabulary. Throws Error{invalid_argument} for a position beyond the
  // table.
  void forward(const Batch& batch, Rows& out) const;

 private:
  const WeightTensor& tensor_;
  const WeightTensor* positions_ = nullptr;
  const float scale_;
};

}  // namespace estoc
