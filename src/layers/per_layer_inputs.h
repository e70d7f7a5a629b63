// What each layer of a stack gets of the tokens beside the residual stream, on the CPU (PerLayerInputSpec).
// Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
#pragma once

#include <vector>

#include "layers/embedding.h"
#include "layers/layer_spec.h"
#include "layers/linear.h"

namespace estoc {

class PerLayerInputs {
 public:
  // Of layers [first, end).
  PerLayerInputs(LoadContext& load, const DecoderSpec& decoder, int first, int end);

  // embedded [rows][hidden] is made on the way; out [rows][(end - first) * width].
  void forward(const Compute& compute, const Batch& batch, const DecodeScratch& scratch, Rows& embedded,
               Rows& out) const;

 private:
  Embedding embedding_;
  const WeightTensor& table_;
  Linear projection_;
  std::vector<float> norm_;
  float epsilon_, projection_scale_;
  int64_t width_, first_column_, table_columns_;
};

// A layer's part of them, as it is added to the stream.
class LayerInput {
 public:
  LayerInput(LoadContext& load, const LayerInputSpec& spec, int hidden, int width);

  // part = norm(projection(f(gate hidden) * inputs[:, column...])); `gated` is [rows][width].
  void forward(const Compute& compute, const Rows& inputs, int64_t column, const DecodeScratch& scratch, Rows& hidden,
               Rows& gated, Rows& part) const;

 private:
  Activation activation_;
  float epsilon_;
  std::vector<float> norm_;
  Linear gate_, projection_;
};

}  // namespace estoc
