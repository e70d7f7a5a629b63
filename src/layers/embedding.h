// The token embedding: rows of a stored matrix, decoded on demand. Never packed: a step reads a handful of rows.
#pragma once

#include "layers/load_context.h"
#include "ops/rows.h"
#include "tensor/batch.h"

namespace estoc {

class Embedding {
 public:
  // Throws Error{corrupt_file} when `name`.weight is not [vocab, hidden].
  Embedding(LoadContext& load, const std::string& name, int64_t vocab, int64_t hidden);

  // out [tokens][hidden]; ids must be inside the vocabulary.
  void forward(std::span<const TokenId> tokens, Rows& out) const;

 private:
  const WeightTensor& tensor_;
};

}  // namespace estoc
