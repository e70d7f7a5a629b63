#include "layers/side_mixture.h"

#include "ops/elementwise.h"

namespace estoc {

SideMixture::SideMixture(LoadContext& load, const SideMixtureSpec& spec, int hidden)
    : input_norm_(load, spec.input_norm, hidden),
      output_norm_(load, spec.output_norm, hidden),
      mlp_norm_(load, spec.mlp_norm, hidden),
      moe_(load, spec.moe, hidden) {}

void SideMixture::add(const Compute& compute, const Rows& stream, CpuScratch& work, Rows& result) const {
  mlp_norm_.forward(compute, result, result);
  work.normed.reset(stream.count());
  input_norm_.forward(compute, stream, work.normed);
  moe_.forward(compute, work, {&*work.side, false}, &stream);
  output_norm_.forward(compute, *work.side, *work.side);
  add_scaled(compute, 1, *work.side, result);
}

}  // namespace estoc
