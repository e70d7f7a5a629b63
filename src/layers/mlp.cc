#include "layers/mlp.h"

#include "ops/elementwise.h"

namespace estoc {

GatedMlp::GatedMlp(LoadContext& load, const GatedMlpSpec& spec, int hidden)
    : activation_(spec.activation),
      gate_scale_(spec.gate_scale),
      gate_(load, spec.gate, spec.width, hidden),
      up_(load, spec.up, spec.width, hidden),
      down_(load, spec.down, hidden, spec.width) {}

void GatedMlp::forward(const Compute& compute, CpuScratch& work, const PartOutput& out) const {
  const LinearOutput wide[] = {{&gate_, &work.gate}, {&up_, &work.up}};
  estoc::forward(compute, work.normed, wide, work.decoded);
  if (gate_scale_ != 1) scale_rows(compute, gate_scale_, work.gate);
  activate(compute, activation_, work.gate, &work.up, work.activated, down_.reads(compute, work.gate.count()));
  const LinearOutput output{&down_, out.rows, out.is_added};
  estoc::forward(compute, work.activated, {&output, 1}, work.decoded);
}

RowForm GatedMlp::reads(const Compute& compute, int64_t row_count) const {
  return form_of(compute, row_count, {&gate_, &up_});
}

PlainMlp::PlainMlp(LoadContext& load, const PlainMlpSpec& spec, int hidden)
    : activation_(spec.activation),
      up_(load, spec.up, spec.width, hidden),
      down_(load, spec.down, hidden, spec.width) {}

void PlainMlp::forward(const Compute& compute, CpuScratch& work, const PartOutput& out) const {
  const LinearOutput wide{&up_, &work.up};
  estoc::forward(compute, work.normed, {&wide, 1}, work.decoded);
  activate(compute, activation_, work.up, nullptr, work.activated, down_.reads(compute, work.up.count()));
  const LinearOutput output{&down_, out.rows, out.is_added};
  estoc::forward(compute, work.activated, {&output, 1}, work.decoded);
}

}  // namespace estoc
