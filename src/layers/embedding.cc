#include "layers/embedding.h"

namespace estoc {
namespace {

const WeightTensor& require_matrix(LoadContext& load, const std::string& name, int64_t rows, int64_t columns) {
  const int64_t shape[] = {rows, columns};
  return load.require(name, shape);
}

}  // namespace

Embedding::Embedding(LoadContext& load, const std::string& name, int64_t vocab, int64_t hidden)
    : tensor_(require_matrix(load, name + ".weight", vocab, hidden)) {}

void Embedding::forward(std::span<const TokenId> tokens, Rows& out) const {
  out.reset(static_cast<int64_t>(tokens.size()));
  for (size_t i = 0; i < tokens.size(); ++i) tensor_.decode_row(tokens[i], out.row(static_cast<int64_t>(i)));
}

}  // namespace estoc
