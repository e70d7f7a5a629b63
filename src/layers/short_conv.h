// A gated short convolution as a layer's mixer on the CPU. Immutable; throws Error{corrupt_file} where a tensor is
// missing or of another shape.
#pragma once

#include <optional>
#include <vector>

#include "layers/cpu_scratch.h"
#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/part_output.h"
#include "layers/sampled_rows.h"

namespace estoc {

class ShortConv {
 public:
  ShortConv(LoadContext& load, const ShortConvSpec& spec, int hidden, int layer);
  // As Attention's; states are those after the last row of every sequence.
  void forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
               const PartOutput& out, const SampledRows* wanted) const;
  RowForm reads(const Compute& compute, int64_t row_count) const { return in_.reads(compute, row_count); }

 private:
  int layer_, width_;
  Linear in_, out_;
  std::vector<float> taps_;  // [width][hidden]
  std::vector<float> bias_;  // [hidden] or empty
};

}  // namespace estoc
