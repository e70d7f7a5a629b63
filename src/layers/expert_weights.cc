#include "layers/expert_weights.h"

#include <utility>

#include "layers/expert_tensors.h"
#include "layers/linear.h"

namespace estoc {
namespace {

ExpertMatrix load_matrix_of(LoadContext& load, const ExpertRows& rows, int experts) {
  std::vector<Weight> weights;
  if (rows.is_one_view() && ExpertMatrix::fills_panels(rows.count)) {
    const MatrixView all = rows.of(0, experts);
    const QuantFormat& format = Weight::format_as(all.format(), load.weights, all.columns());
    const bool is_packed = Weight::form_of(format, load.mode) == Weight::Form::packed;
    // Where rows are multiplied as they lie, an expert's lie evenly though those of all may not.
    if (is_packed || all.has_even_runs(Weight::kDecodedRows)) weights.push_back(load_weight(load, all));
  }
  if (weights.empty()) {
    for (int expert = 0; expert < experts; ++expert) weights.push_back(load_weight(load, rows.of(expert)));
  }
  return {std::move(weights), experts};
}

// [experts][rows], or nothing.
std::vector<float> load_bias_of(LoadContext& load, const ExpertBias& bias, int experts) {
  if (bias.tensor == nullptr) return {};
  std::vector<float> row(static_cast<size_t>(bias.stored)), values;
  for (int64_t expert = 0; expert < experts; ++expert) {
    bias.tensor->decode_row(expert, row.data());
    for (int64_t r = 0; r < bias.count; ++r) values.push_back(row[static_cast<size_t>(bias.element(0, r))]);
  }
  load.took(bias.tensor->bytes.size() * static_cast<uint64_t>(bias.count) / static_cast<uint64_t>(bias.stored));
  return values;
}

}  // namespace

ExpertWeights load_experts(LoadContext& load, const MoeSpec& spec, int hidden) {
  const ExpertTensors tensors = find_experts(
      load.source, spec, hidden, [&](const std::string& name, std::span<const int64_t> shape) -> const WeightTensor& {
        return load.require(name, shape);
      });
  const int experts = spec.rule.experts;
  std::optional<ExpertMatrix> gate;
  if (tensors.gate) gate = load_matrix_of(load, *tensors.gate, experts);
  return {.gate = std::move(gate),
          .up = load_matrix_of(load, tensors.up, experts),
          .down = load_matrix_of(load, tensors.down, experts),
          .gate_bias = load_bias_of(load, tensors.gate_bias, experts),
          .up_bias = load_bias_of(load, tensors.up_bias, experts),
          .down_bias = load_bias_of(load, tensors.down_bias, experts),
          .activation = spec.activation};
}

}  // namespace estoc
