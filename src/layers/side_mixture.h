// A mixture of experts beside a layer's MLP on the CPU (SideMixtureSpec). Immutable; throws Error{corrupt_file} where a
// tensor is missing or of another shape.
#pragma once

#include "layers/cpu_scratch.h"
#include "layers/moe.h"
#include "layers/norm.h"

namespace estoc {

class SideMixture {
 public:
  SideMixture(LoadContext& load, const SideMixtureSpec& spec, int hidden);
  // result, which is the MLP's of the rows of `stream`, becomes mlp_norm(result) + what the mixture makes of them.
  void add(const Compute& compute, const Rows& stream, CpuScratch& work, Rows& result) const;

 private:
  Norm input_norm_, output_norm_, mlp_norm_;
  Moe moe_;
};

}  // namespace estoc
