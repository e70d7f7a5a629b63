#include "layers/mamba.h"

#include "layers/cpu_scratch.h"
#include "layers/state_tensors.h"
#include "ops/causal_conv.h"
#include "ops/gated_norm.h"
#include "ops/selective_scan.h"

namespace estoc {
namespace {

// What of x_proj makes b and c, behind the steps.
MatrixSpec part_of_x(const MambaSpec& spec, int64_t first_row) {
  return {.name = spec.name + ".x_proj",
          .first_row = first_row,
          .tensor_rows = int64_t{spec.step_rank} + 2 * int64_t{spec.state_size}};
}

// Weights of a norm over `count` columns; nothing where there is no norm, ones where it has none.
std::vector<float> part_norm(LoadContext& load, const MambaSpec& spec, const char* name, int64_t count) {
  if (!spec.norm_epsilon) return {};
  if (!spec.has_norm_weights) return std::vector<float>(static_cast<size_t>(count), 1.0f);
  return load_vector(load, spec.name + "." + name + ".weight", count);
}

}  // namespace

std::optional<MambaSpec> MambaBuffers::spec_of(std::span<const LayerSpec> layers) {
  for (const LayerSpec& layer : layers) {
    if (const auto* spec = std::get_if<MambaSpec>(&layer.mixer)) return *spec;
  }
  return std::nullopt;
}

MambaBuffers::MambaBuffers(const MambaSpec& spec, int rows_max)
    : projected(rows_max, 2 * int64_t{spec.columns}),
      inputs(rows_max, spec.columns),
      narrow_steps(rows_max, spec.step_rank),
      bc(rows_max, 2 * int64_t{spec.state_size}),
      steps(rows_max, spec.columns),
      outputs(rows_max, spec.columns),
      gated(rows_max, spec.columns) {}

Mamba::Mamba(LoadContext& load, const MambaSpec& spec, int hidden, int layer)
    : spec_(spec),
      layer_(layer),
      in_(load, spec.name + ".in_proj", 2 * int64_t{spec.columns}, hidden),
      narrow_steps_(load, part_of_x(spec, 0), spec.step_rank, spec.columns),
      bc_(load, part_of_x(spec, spec.step_rank), 2 * int64_t{spec.state_size}, spec.columns),
      steps_(load, spec.name + ".dt_proj", spec.columns, spec.step_rank),
      out_(load, spec.name + ".out_proj", hidden, spec.columns),
      taps_(load_taps(load, spec.name + ".conv1d.weight", spec.columns, spec.conv_width)),
      rates_(in_scan_blocks(load_rates(load, spec.name, int64_t{spec.columns} * spec.state_size), spec.columns,
                            spec.state_size)),
      skip_(load_numbers(load, {spec.name + ".D"}, spec.columns)),
      step_norm_(part_norm(load, spec, "dt_layernorm", spec.step_rank)),
      b_norm_(part_norm(load, spec, "b_layernorm", spec.state_size)),
      c_norm_(part_norm(load, spec, "c_layernorm", spec.state_size)) {
  if (load.source.find(spec.name + ".conv1d.bias") != nullptr) {
    conv_bias_ = load_vector(load, spec.name + ".conv1d.bias", spec.columns);
  }
}

void Mamba::forward(const Compute& compute, const Batch& batch, StateStorage& states, CpuScratch& work,
                    const PartOutput& result, const SampledRows* wanted) const {
  MambaBuffers& rows = *work.mamba;
  const LinearOutput in{&in_, &rows.projected};
  estoc::forward(compute, work.normed, {&in, 1}, work.decoded);
  causal_conv(compute, batch, states, layer_, rows.projected, 0, {taps_, conv_bias_, spec_.conv_width}, rows.inputs);
  const LinearOutput parts[] = {{&narrow_steps_, &rows.narrow_steps}, {&bc_, &rows.bc}};
  estoc::forward(compute, rows.inputs, parts, work.decoded);
  if (spec_.norm_epsilon) {
    norm_columns(compute, step_norm_, *spec_.norm_epsilon, 0, rows.narrow_steps);
    norm_columns(compute, b_norm_, *spec_.norm_epsilon, 0, rows.bc);
    norm_columns(compute, c_norm_, *spec_.norm_epsilon, spec_.state_size, rows.bc);
  }
  const LinearOutput steps{&steps_, &rows.steps};
  estoc::forward(compute, rows.narrow_steps, {&steps, 1}, work.decoded);
  selective_scan(compute, batch, states, layer_, spec_.conv_bytes(), {rates_, skip_, spec_.state_size}, rows.inputs,
                 rows.steps, rows.bc, rows.outputs);
  if (wanted != nullptr) {
    wanted->pick(rows.outputs);
    wanted->pick(rows.projected);
  }
  gated_norm(compute, rows.outputs, rows.projected, spec_.columns, {}, rows.gated,
             out_.reads(compute, rows.outputs.count()));
  const LinearOutput out{&out_, result.rows, result.is_added};
  estoc::forward(compute, rows.gated, {&out, 1}, work.decoded);
}

}  // namespace estoc
