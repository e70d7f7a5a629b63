// What stands before an encoder's layers: rows of stored tables, summed and normed, decoded on demand and never packed.
//
// Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/ids.h"
#include "layers/encoder_spec.h"
#include "layers/load_context.h"
#include "layers/norm.h"
#include "ops/rows.h"
#include "tensor/batch.h"

namespace estoc {

class TextEmbedding {
 public:
  TextEmbedding(LoadContext& load, const EncoderSpec& spec);

  // out [tokens][hidden]; ids must be inside the vocabulary, positions inside the table. `segments` as
  // EncoderBatch has them.
  void forward(const Compute& compute, const Batch& batch, std::span<const uint8_t> segments, Rows& out) const;

 private:
  const WeightTensor& table_;
  const WeightTensor* positions_ = nullptr;
  const int positions_first_;
  std::vector<float> segments_;  // [segment_count][hidden]
  const int64_t segment_count_;
  const float scale_;
  std::optional<Norm> norm_;
};

}  // namespace estoc
