// A gated delta net as a layer's mixer on the CPU. Immutable; throws Error{corrupt_file} where a tensor is missing or
// of another shape.
#pragma once

#include <vector>

#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/part_output.h"
#include "layers/sampled_rows.h"
#include "ops/delta_net.h"

namespace estoc {

struct CpuScratch;

DeltaNetShape shape_of(const GatedDeltaSpec& spec);

// What it computes in.
struct DeltaNetBuffers {
  DeltaNetBuffers(const DeltaNetShape& shape, int rows_max);
  Rows q, k, v, z, a, b;
  Rows gated;  // what the output is made of
};

class GatedDeltaNet {
 public:
  GatedDeltaNet(LoadContext& load, const GatedDeltaSpec& spec, int hidden, int layer);
  // As Attention's; states are those after the last row of every sequence.
  void forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
               const PartOutput& out, const SampledRows* wanted) const;
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  int layer_;
  DeltaNetShape shape_;
  Linear q_, k_, v_, z_, a_, b_, out_;
  std::vector<float> taps_;                     // [conv_width][conv_columns]
  std::vector<float> query_scale_, key_scale_;  // [key_dim]
  std::vector<float> decay_rate_, decay_bias_;  // [value_heads]
  std::vector<float> norm_;                     // [value_dim]
  float norm_epsilon_;
};

}  // namespace estoc
