#include "layers/embedding.h"

#include <vector>

#include "base/error.h"

namespace estoc {
namespace {

const WeightTensor& require_matrix(LoadContext& load, const std::string& name, int64_t rows, int64_t columns) {
  const int64_t shape[] = {rows, columns};
  return load.require(name, shape);
}

}  // namespace

Embedding::Embedding(LoadContext& load, const std::string& name, const DecoderSpec& spec)
    : tensor_(require_matrix(load, name + ".weight", spec.vocab, spec.hidden)), scale_(spec.embedding_scale) {
  if (!spec.positions.empty()) {
    positions_ = &require_matrix(load, spec.positions + ".weight", spec.context_max, spec.hidden);
  }
}

void Embedding::forward(const Batch& batch, Rows& out) const {
  out.reset(static_cast<int64_t>(batch.tokens.size()));
  for (size_t i = 0; i < batch.tokens.size(); ++i) {
    float* const row = out.row(static_cast<int64_t>(i));
    tensor_.decode_row(batch.tokens[i], row);
    for (int64_t c = 0; c < out.columns() && scale_ != 1; ++c) row[c] *= scale_;
  }
  if (positions_ == nullptr) return;
  std::vector<float> place(static_cast<size_t>(out.columns()));
  for (const BatchSequence& sequence : batch.sequences) {
    if (sequence.position + sequence.row_count > positions_->rows()) {
      fail(ErrorCode::invalid_argument, "position {} is beyond the {} that the model has a table for",
           sequence.position + sequence.row_count - 1, positions_->rows());
    }
    for (int r = 0; r < sequence.row_count; ++r) {
      positions_->decode_row(sequence.position + r, place.data());
      float* const row = out.row(sequence.first_row + r);
      for (size_t c = 0; c < place.size(); ++c) row[c] += place[c];
    }
  }
}

}  // namespace estoc
