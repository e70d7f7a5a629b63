// The MLPs of a layer on the CPU. Immutable; throws Error{corrupt_file} where a tensor is missing or of another shape.
#pragma once

#include <optional>

#include "layers/cpu_scratch.h"
#include "layers/layer_spec.h"
#include "layers/linear.h"
#include "layers/part_output.h"
#include "ops/elementwise.h"

namespace estoc {

class GatedMlp {
 public:
  GatedMlp(LoadContext& load, const GatedMlpSpec& spec, int hidden);
  // out (+)= mlp(work.normed).
  void forward(const Compute& compute, CpuScratch& work, const PartOutput& out) const;
  RowForm reads(const Compute& compute, int64_t row_count) const;

 private:
  Activation activation_;
  float gate_scale_;
  Linear gate_, up_, down_;
};

class PlainMlp {
 public:
  PlainMlp(LoadContext& load, const PlainMlpSpec& spec, int hidden);
  void forward(const Compute& compute, CpuScratch& work, const PartOutput& out) const;
  RowForm reads(const Compute& compute, int64_t row_count) const { return up_.reads(compute, row_count); }

 private:
  Activation activation_;
  std::optional<Xielu> xielu_;  // instead
  Linear up_, down_;
};

}  // namespace estoc
