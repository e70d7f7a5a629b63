// What a device has of a mixture of experts (gpu_weight_plan.h).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gpu_layers/gpu_plan_parts.h"
#include "gpu_layers/gpu_weight_plan.h"

namespace estoc {
namespace {

using Score = RouterRule::Score;

[[noreturn]] void refuse(const MoeSpec& spec, std::string_view what) { refuse_on_device(spec.name, what); }

void refuse_options(const MoeSpec& spec) {
  const RouterRule& rule = spec.rule;
  if (!spec.router_norm.empty()) refuse(spec, "has a router with a norm of its own");
  if (!spec.expert_scale.empty()) refuse(spec, "scales its experts one by one");
  if (spec.gate.empty()) refuse(spec, "has experts without a gate");
  if (spec.latent) refuse(spec, "has experts that read less than the residual stream");
  if (rule.experts > gpu::kRouteExpertsMax || rule.chosen > gpu::kRouteChosenMax ||
      rule.groups > gpu::kRouteGroupsMax) {
    refuse(spec, fmt::format("has more than {} experts, {} of a row or {} groups", gpu::kRouteExpertsMax,
                             gpu::kRouteChosenMax, gpu::kRouteGroupsMax));
  }
  if (spec.activation.limit == 0 && spec.activation.function != Activation::silu &&
      spec.activation.function != Activation::gelu_tanh) {
    refuse(spec, "has another activation than silu, gelu by tanh and a clamped one");
  }
}

gpu::RouteRule rule_of(const RouterRule& rule) {
  return {.score = rule.score == Score::softmax   ? gpu::RouteScore::softmax
                   : rule.score == Score::sigmoid ? gpu::RouteScore::sigmoid
                                                  : gpu::RouteScore::softmax_of_chosen,
          .experts = rule.experts,
          .chosen = rule.chosen,
          .groups = rule.groups,
          .groups_kept = rule.groups_kept,
          .group_best = rule.group_best,
          .is_normalized = rule.is_normalized ? 1 : 0,
          .epsilon = rule.epsilon,
          .scale = rule.scale};
}

gpu::GateCurve gate_of(const ExpertActivation& activation) {
  if (activation.limit > 0) return {-activation.slope * gpu::kLog2E, 0, activation.limit};
  return activation.function == Activation::gelu_tanh ? gpu::kGeluTanh : gpu::kSilu;
}

// A vector that files also keep as a matrix of one row.
const WeightTensor& require_row(const WeightSource& source, const std::string& name, int64_t count) {
  const WeightTensor* const tensor = source.find(name);
  const int64_t flat[] = {count}, deep[] = {1, count};
  return tensor != nullptr && tensor->shape.size() == 2 ? source.require(name, deep) : source.require(name, flat);
}

}  // namespace

void GpuWeightPlan::place_some(const WeightTensor& tensor, size_t at, int count, std::function<int64_t(int64_t)> map) {
  vectors.push_back({.at = at, .tensor = &tensor, .count = count, .map = std::move(map)});
}

void GpuWeightPlan::place_router(const WeightSource& source, const MoeSpec& spec, GpuMixture& to) {
  const int experts = spec.rule.experts;
  const bool has_weigher = spec.shared && !spec.shared->weigher.empty();
  const auto as_it_is = [](int64_t i) { return i; };
  to.outputs = experts + (has_weigher ? 1 : 0);
  to.router = reserve(int64_t{to.outputs} * hidden);
  const int64_t shape[] = {experts, hidden};
  place_some(source.require(spec.router + ".weight", shape), to.router, experts * hidden, as_it_is);
  if (has_weigher) {
    place_some(require_row(source, spec.shared->weigher + ".weight", hidden),
               to.router + static_cast<size_t>(experts * hidden), hidden, as_it_is);
  }
  if (const std::string name = spec.router + ".bias"; source.find(name) != nullptr) {
    to.router_bias = reserve(to.outputs);
    const int64_t biases[] = {experts};
    place_some(source.require(name, biases), *to.router_bias, to.outputs,
               [experts](int64_t i) { return i < experts ? i : VectorSource::kZero; });
  }
  if (spec.correction.empty()) return;
  to.correction = reserve(experts);
  place_some(require_row(source, spec.correction, experts), *to.correction, experts, as_it_is);
}

void GpuWeightPlan::place_experts(const WeightSource& source, const MoeSpec& spec, GpuMixture& to) {
  const ExpertTensors tensors = find_experts(
      source, spec, hidden, [&](const std::string& name, std::span<const int64_t> shape) -> const WeightTensor& {
        return *this->experts.emplace_back(&source.require(name, shape));
      });
  const int experts = spec.rule.experts;
  for (int expert = 0; expert < experts; ++expert) {
    const std::vector<Part> gate_up = {{tensors.gate->of(expert)}, {tensors.up.of(expert)}};
    if (&gate_up[0].matrix.format() != &gate_up[1].matrix.format())
      refuse(spec, "has gate and up of different formats");
    const GpuMatrix placed = place(gate_up, true);
    if (expert == 0) to.gate_up = placed;
    to.gate_up_stride = (placed.at - to.gate_up.at) / static_cast<size_t>(std::max(expert, 1));
  }
  for (int expert = 0; expert < experts; ++expert) {
    const GpuMatrix placed = place({{tensors.down.of(expert)}}, false);
    if (expert == 0) to.down = placed;
    to.down_stride = (placed.at - to.down.at) / static_cast<size_t>(std::max(expert, 1));
  }
  constexpr int64_t kTurn = gpu::kTileRows / 2;
  const int64_t rows = to.gate_up.rows;
  if ((tensors.gate_bias.tensor == nullptr) != (tensors.up_bias.tensor == nullptr)) {
    refuse(spec, "has biases, but not of gate and up alike");
  }
  if (tensors.gate_bias.tensor != nullptr) {
    to.gate_up_bias = reserve(experts * rows);
    for (const int64_t which : {0, 1}) {
      const ExpertBias bias = which == 0 ? tensors.gate_bias : tensors.up_bias;
      place_some(*bias.tensor, *to.gate_up_bias, static_cast<int>(experts * rows), [=](int64_t i) {
        const int64_t row = i % rows;
        if (row / kTurn % 2 != which) return VectorSource::kLeft;
        return bias.element(i / rows, row / (2 * kTurn) * kTurn + row % kTurn);
      });
    }
  }
  if (tensors.down_bias.tensor == nullptr) return;
  to.down_bias = reserve(int64_t{experts} * hidden);
  place_some(*tensors.down_bias.tensor, *to.down_bias, experts * hidden, [](int64_t i) { return i; });
}

void GpuWeightPlan::place_shared(const WeightSource& source, const MoeSpec& spec, GpuMixture& to) {
  const SharedExpertSpec& shared = *spec.shared;
  const bool is_one = !shared.gate_up.empty();
  const auto matrix = [&](const std::string& name, int64_t first_row, int rows, int columns, bool is_half) {
    const MatrixSpec found{.name = shared.name + "." + name,
                           .first_row = is_half ? first_row : 0,
                           .tensor_rows = is_half ? 2 * int64_t{shared.width} : 0};
    if (source.find(found.name + ".bias") != nullptr) refuse(spec, "has a shared expert with biases");
    return Part{spec_matrix(found, rows, columns, {}, require_of(source))};
  };
  const std::vector<Part> gate_up = {
      matrix(is_one ? shared.gate_up : "gate_proj", 0, shared.width, hidden, is_one),
      matrix(is_one ? shared.gate_up : "up_proj", shared.width, shared.width, hidden, is_one)};
  if (&gate_up[0].matrix.format() != &gate_up[1].matrix.format()) refuse(spec, "has gate and up of different formats");
  if (spec.activation.limit > 0) refuse(spec, "has a shared expert with a clamped activation");
  to.shared = GpuMixture::Shared{.gate_up = place(gate_up, true),
                                 .down = place({matrix(shared.down, 0, hidden, shared.width, false)}, false),
                                 .is_weighed = !shared.weigher.empty()};
  mlp_width = std::max(mlp_width, shared.width);
}

GpuMixture GpuWeightPlan::plan_mixture(const WeightSource& source, const MoeSpec& spec) {
  refuse_options(spec);
  GpuMixture to;
  to.rule = rule_of(spec.rule);
  to.gate = gate_of(spec.activation);
  place_router(source, spec, to);
  if (spec.shared) place_shared(source, spec, to);
  place_experts(source, spec, to);
  return to;
}

}  // namespace estoc
