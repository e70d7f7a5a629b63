#include "layers/mamba2.h"

#include <algorithm>

#include "layers/cpu_scratch.h"
#include "layers/state_tensors.h"
#include "ops/causal_conv.h"
#include "ops/elementwise.h"
#include "ops/gated_norm.h"

namespace estoc {
namespace {

SsdShape shape_of(const Mamba2Spec& spec) { return {spec.heads, spec.head_dim, spec.groups, spec.state_size}; }

int64_t projected_columns(const Mamba2Spec& spec) {
  return shape_of(spec).x_columns() + shape_of(spec).columns() + spec.heads;
}

}  // namespace

std::optional<Mamba2Spec> Mamba2Buffers::spec_of(std::span<const LayerSpec> layers) {
  for (const LayerSpec& layer : layers) {
    if (const auto* spec = std::get_if<Mamba2Spec>(&layer.mixer)) return *spec;
    if (!layer.second_mixer) continue;
    if (const auto* spec = std::get_if<Mamba2Spec>(&*layer.second_mixer)) return *spec;
  }
  return std::nullopt;
}

Mamba2Buffers::Mamba2Buffers(const Mamba2Spec& spec, int rows_max)
    : projected(rows_max, projected_columns(spec)),
      inputs(rows_max, shape_of(spec).columns()),
      steps(rows_max, 2 * int64_t{spec.heads}),
      outputs(rows_max, shape_of(spec).x_columns()),
      gated(rows_max, shape_of(spec).x_columns()) {}

Mamba2::Mamba2(LoadContext& load, const Mamba2Spec& spec, int hidden, int layer)
    : spec_(spec),
      shape_(shape_of(spec)),
      layer_(layer),
      in_(load, spec.name + ".in_proj", projected_columns(spec), hidden),
      out_(load, spec.name + ".out_proj", hidden, shape_.x_columns()),
      taps_(load_taps(load, spec.name + ".conv1d.weight", shape_.columns(), spec.conv_width)),
      step_bias_(load_numbers(load, {spec.name + ".dt_bias", spec.name + ".dt.bias"}, spec.heads)),
      rates_(load_rates(load, spec.name, spec.heads)),
      skip_(load_numbers(load, {spec.name + ".D"}, spec.heads)) {
  if (load.source.find(spec.name + ".conv1d.bias") != nullptr) {
    conv_bias_ = load_vector(load, spec.name + ".conv1d.bias", shape_.columns());
  }
  if (spec.has_norm) norm_ = load_numbers(load, {spec.name + ".norm.weight"}, shape_.x_columns());
  if (std::ranges::all_of(spec.scales, [](float scale) { return scale == 1; })) return;
  const int64_t counts[] = {shape_.x_columns(), shape_.x_columns(), shape_.bc_columns(), shape_.bc_columns(),
                            spec.heads};
  for (size_t i = 0; i < spec.scales.size(); ++i) {
    scales_.insert(scales_.end(), static_cast<size_t>(counts[i]), spec.scales[i]);
  }
}

void Mamba2::forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
                     const PartOutput& result, const SampledRows* wanted) const {
  Mamba2Buffers& rows = *work.mamba2;
  const LinearOutput in{&in_, &rows.projected};
  estoc::forward(compute, work.normed, {&in, 1}, work.decoded);
  if (!scales_.empty()) multiply_rows(compute, scales_, rows.projected);
  causal_conv(compute, batch, states, layer_, rows.projected, shape_.x_columns(), {taps_, conv_bias_, spec_.conv_width},
              rows.inputs);
  const SsdWeights weights{step_bias_, rates_, skip_, spec_.step_min, spec_.step_max};
  ssd_steps(compute, rows.projected, shape_.x_columns() + shape_.columns(), weights, rows.steps);
  ssd(compute, batch, states, layer_, spec_.conv_bytes(), shape_, weights, rows.inputs, rows.steps, rows.outputs);
  if (wanted != nullptr) {
    wanted->pick(rows.outputs);
    wanted->pick(rows.projected);
  }
  const GatedNorm norm{norm_, shape_.x_columns() / spec_.groups, spec_.epsilon, spec_.is_gate_first};
  gated_norm(compute, rows.outputs, rows.projected, 0, norm, rows.gated, out_.reads(compute, rows.outputs.count()));
  const LinearOutput out{&out_, result.rows, result.is_added};
  estoc::forward(compute, rows.gated, {&out, 1}, work.decoded);
}

}  // namespace estoc
