#include "gpu_layers/expert_launches.h"

#include <string>

#include "gpu/source/combine.h"
#include "gpu/source/experts.h"
#include "gpu/source/gemm.h"
#include "gpu/source/router_logits.h"
#include "gpu/source/token_norm.h"
#include "gpu_layers/device_form.h"

namespace estoc {
namespace {

const float* or_null(const GpuWeights& weights, const std::optional<size_t>& vector) {
  return vector ? weights.vector(*vector) : nullptr;
}

void launch_router(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const GpuLayer& layer, int rows, bool is_few) {
  const GpuMixture& mixture = *layer.mixture();
  const gpu::RouterLogitsArguments logits{.residual = buffers.residual.as<float>(),
                                          .norm = weights.vector(layer.mlp_norm),
                                          .epsilon = layer.mlp_epsilon,
                                          .weights = weights.vector(mixture.router),
                                          .bias = or_null(weights, mixture.router_bias),
                                          .logits = buffers.experts->logits.as<float>(),
                                          .inputs = is_few ? buffers.experts->inputs.as<gpu::u16>() : nullptr,
                                          .columns = weights.plan().hidden,
                                          .outputs = mixture.outputs,
                                          .count = rows};
  device.launch(is_few ? rows == 1 ? "router_logits_1" : "router_logits_16" : "router_logits_many",
                {.blocks = gpu::router_logits_blocks(mixture.outputs, !is_few),
                 .blocks_y = gpu::router_logits_blocks_y(rows, !is_few),
                 .threads = gpu::kRouterThreads},
                logits);
}

gpu::RouteArguments route_arguments(const GpuWeights& weights, const GpuBuffers& buffers, const GpuMixture& mixture,
                                    int rows) {
  const GpuExpertBuffers& b = *buffers.experts;
  const bool is_weighed = mixture.shared && mixture.shared->is_weighed;
  return {.rule = mixture.rule,
          .logits = b.logits.as<float>(),
          .correction = or_null(weights, mixture.correction),
          .outputs = mixture.outputs,
          .count = rows,
          .experts = b.chosen.as<int>(),
          .weights = b.weights.as<float>(),
          .shared_weight = is_weighed ? b.shared_weight.as<float>() : nullptr,
          .slots = b.slots.as<gpu::ExpertSlot>(),
          .slot_count = b.counts.as<int>(),
          .places = b.places.as<int>(),
          .place_rows = b.place_rows.as<int>(),
          .tile_experts = b.tile_experts.as<int>(),
          .tile_count = b.counts.as<int>(4)};
}

// What the shared expert gave, and what it is weighed by.
struct SharedPart {
  const float *values = nullptr, *weights = nullptr;
};
SharedPart shared_part(const GpuBuffers& buffers, const GpuMixture& mixture) {
  if (!mixture.shared) return {};
  return {buffers.experts->shared.as<float>(),
          mixture.shared->is_weighed ? buffers.experts->shared_weight.as<float>() : nullptr};
}

const char* columns_of(int rows) { return rows > 8 ? "_n16" : "_n8"; }

}  // namespace

void launch_routes(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const GpuLayer& layer, int rows) {
  launch_router(device, weights, buffers, layer, rows, true);
  device.launch("route_few", {.blocks = 1, .threads = gpu::kRouteThreads},
                route_arguments(weights, buffers, *layer.mixture(), rows));
}

int launch_experts(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const GpuLayer& layer, int rows, const float* next_norm) {
  const GpuMixture& mixture = *layer.mixture();
  const GpuExpertBuffers& b = *buffers.experts;
  const int slots = gpu::route_slots_max(rows, mixture.rule.chosen, mixture.rule.experts);
  gpu::ExpertsArguments a{};
  a.slots = b.slots.as<gpu::ExpertSlot>();
  a.slot_count = b.counts.as<int>();
  a.count = rows;
  a.weights = weights.matrix(mixture.gate_up);
  a.expert_bytes = static_cast<long>(mixture.gate_up_stride);
  a.bias = or_null(weights, mixture.gate_up_bias);
  a.inputs = b.inputs.as<gpu::u16>();
  a.rows = mixture.gate_up.rows;
  a.columns = mixture.gate_up.columns;
  a.activated = b.activated.as<gpu::u16>();
  a.gate = mixture.gate;
  device.launch(
      std::string("experts_") + name_of(mixture.gate_up.form) + "_gated" + columns_of(rows),
      {.blocks = gpu::tile_rows_of(a.rows), .blocks_y = slots, .threads = gpu::experts_gated_threads(a.columns)}, a);
  const int threads = gpu::experts_down_threads(device.device().is_amd());
  const SharedPart shared = shared_part(buffers, mixture);
  a.weights = weights.matrix(mixture.down);
  a.expert_bytes = static_cast<long>(mixture.down_stride);
  a.bias = or_null(weights, mixture.down_bias);
  a.inputs = b.activated.as<gpu::u16>();
  a.rows = mixture.down.rows;
  a.columns = mixture.down.columns;
  a.parts = gpu::experts_down_parts(slots, a.columns, threads);
  a.shared = shared.values;
  a.shared_weight = shared.weights;
  a.output = layer.mlp_addition.is_plain() ? nullptr : buffers.part->as<float>();
  a.residual = buffers.residual.as<float>();
  a.next_norm = next_norm;
  a.next_inputs = buffers.inputs.as<gpu::u16>();
  a.next_squares = buffers.squares.as<float>();
  device.launch(std::string("experts_") + name_of(mixture.down.form) + "_down" + columns_of(rows),
                {.blocks = gpu::tile_rows_of(a.rows), .threads = threads}, a);
  return gpu::tile_rows_of(a.rows);
}

void launch_expert_product(const gpu::Accelerator& device, const GpuMatrix& matrix, const char* end, int places,
                           const gpu::GemmArguments& a) {
  const int items = gpu::gemm_items(matrix.rows, places, gpu::kGemmExpertTokens, 1, 1);
  device.launch(
      std::string("gemm_experts_") + name_of(matrix.form) + "_" + end + "_n64",
      {.blocks = gpu::gemm_blocks(items, 1, device.device().multiprocessors),
       .threads = gpu::kGemmThreads,
       .shared_bytes = gpu::gemm_shared_bytes(matrix.form, gpu::kGemmExpertTokens, device.device().capability)},
      a);
}

void launch_prompt_experts(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                           const GpuLayer& layer, int rows) {
  const GpuMixture& mixture = *layer.mixture();
  const GpuExpertBuffers& b = *buffers.experts;
  const int hidden = weights.plan().hidden, chosen = mixture.rule.chosen;
  const int places = gpu::route_places_max(rows, chosen, mixture.rule.experts);
  launch_router(device, weights, buffers, layer, rows, false);
  const gpu::RouteArguments route = route_arguments(weights, buffers, mixture, rows);
  device.launch("route_rows",
                {.blocks = (rows + gpu::kRouteWarps - 1) / gpu::kRouteWarps, .threads = gpu::kRouteThreads}, route);
  device.launch("route_sort", {.blocks = 1, .threads = gpu::kRouteThreads}, route);
  const gpu::TokenNormArguments gather{.input = buffers.residual.as<float>(),
                                       .picks = b.place_rows.as<int>(),
                                       .weight = weights.vector(layer.mlp_norm),
                                       .output = b.gathered.as<gpu::u8>(),
                                       .order = gpu::gemm_order(mixture.gate_up.form),
                                       .columns = hidden,
                                       .epsilon = layer.mlp_epsilon,
                                       .tile_count = route.tile_count};
  device.launch("rms_norm_tiles", {.blocks = places, .threads = gpu::token_norm_threads(hidden)}, gather);
  gpu::GemmArguments a{};
  a.tile_experts = route.tile_experts;
  a.tile_count = route.tile_count;
  a.weights = weights.matrix(mixture.gate_up);
  a.expert_bytes = static_cast<long>(mixture.gate_up_stride);
  a.inputs = b.gathered.as<gpu::u8>();
  a.bias = or_null(weights, mixture.gate_up_bias);
  a.activated = b.activated.as<gpu::u8>();
  a.order = gpu::gemm_order(mixture.down.form);
  a.gate = mixture.gate;
  a.rows = mixture.gate_up.rows;
  a.columns = mixture.gate_up.columns;
  launch_expert_product(device, mixture.gate_up, "gated", places, a);
  a.weights = weights.matrix(mixture.down);
  a.expert_bytes = static_cast<long>(mixture.down_stride);
  a.inputs = b.activated.as<gpu::u8>();
  a.bias = or_null(weights, mixture.down_bias);
  a.output = b.parts.as<float>();
  a.output_stride = hidden;
  a.rows = mixture.down.rows;
  a.columns = mixture.down.columns;
  launch_expert_product(device, mixture.down, "store", places, a);
  const SharedPart shared = shared_part(buffers, mixture);
  const gpu::CombineArguments combine{.parts = b.parts.as<float>(),
                                      .places = route.places,
                                      .weights = route.weights,
                                      .chosen = chosen,
                                      .shared = shared.values,
                                      .shared_weight = shared.weights,
                                      .residual = buffers.residual.as<float>(),
                                      .output = layer.mlp_addition.is_plain() ? nullptr : buffers.part->as<float>(),
                                      .columns = hidden};
  device.launch("combine_experts", {.blocks = rows, .threads = gpu::kCombineThreads}, combine);
}

bool has_prompt_expert_kernels(const gpu::Accelerator& device, const GpuMixture& mixture) {
  const auto has = [&](const GpuMatrix& matrix) {
    return device.has(std::string("gemm_experts_") + name_of(matrix.form) + "_store_n64");
  };
  return has(mixture.gate_up) && has(mixture.down);
}

}  // namespace estoc
