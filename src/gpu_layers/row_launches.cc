// What steps of either kind share: the rows that they begin with and those that they pick, and projections of few rows.
#include <string>

#include "gpu/source/activate.h"
#include "gpu/source/add_part.h"
#include "gpu/source/chosen_tokens.h"
#include "gpu/source/embed.h"
#include "gpu/source/gemm.h"
#include "gpu/source/select_rows.h"
#include "gpu_layers/device_form.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {

int narrow_rows(const GpuWeights& weights) {
  return gpu::is_plain(weights.plan().typical_matrix().form) ? kGpuDecodeRows : 2 * kGpuDecodeRows;
}

void launch_embedding(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                      const gpu::u32* tokens, int rows) {
  const GpuWeightPlan& plan = weights.plan();
  const gpu::EmbedArguments embed{weights.matrix(*plan.embedding),
                                  tokens,
                                  weights.vector(plan.layers.front().first_norm()),
                                  buffers.residual.as<float>(),
                                  buffers.inputs.as<gpu::u16>(),
                                  buffers.squares.as<float>(),
                                  plan.hidden,
                                  plan.embedding_scale};
  device.launch(std::string("embed_") + name_of(plan.embedding->form),
                {.blocks = rows, .threads = gpu::kEmbedThreads, .may_overlap = false}, embed);
}

void launch_chosen_tokens(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                          const int* picks, gpu::u32* tokens, int rows) {
  const gpu::ChosenTokensArguments chosen{buffers.tokens.as<gpu::u32>(), picks, tokens, rows,
                                          static_cast<gpu::u32>(weights.plan().vocab)};
  device.launch("chosen_tokens",
                {.blocks = gpu::chosen_tokens_blocks(rows), .threads = gpu::kChosenTokensThreads, .may_overlap = false},
                chosen);
}

void launch_select_rows(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                        const int* picks, int rows, size_t norm, bool may_overlap) {
  const gpu::SelectRowsArguments select{buffers.residual.as<float>(), picks,
                                        weights.vector(norm),         buffers.inputs.as<gpu::u16>(),
                                        buffers.squares.as<float>(),  weights.plan().hidden};
  device.launch("select_rows", {.blocks = rows, .threads = gpu::kSelectRowsThreads, .may_overlap = may_overlap},
                select);
}

void launch_addition(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                     const GpuAddition& addition, int rows, const float* next_norm) {
  const gpu::AddPartArguments add{.part = buffers.part->as<float>(),
                                  .norm = addition.norm ? weights.vector(*addition.norm) : nullptr,
                                  .epsilon = addition.epsilon,
                                  .scale = addition.scale,
                                  .residual = buffers.residual.as<float>(),
                                  .next_norm = next_norm,
                                  .inputs = buffers.inputs.as<gpu::u16>(),
                                  .squares = buffers.squares.as<float>(),
                                  .columns = weights.plan().hidden};
  device.launch("add_part", {.blocks = rows, .threads = gpu::kAddPartThreads}, add);
}

void launch_activation(const gpu::Accelerator& device, const GpuBuffers& buffers, const GpuDenseMlp& mlp, int rows,
                       bool is_tiled) {
  const int columns = mlp.down.columns;
  const gpu::ActivateArguments a{.input = buffers.raised->as<float>(),
                                 .columns = columns,
                                 .is_squared = mlp.is_squared ? 1 : 0,
                                 .curve = mlp.gate,
                                 .output = {buffers.activated.as<gpu::u16>(), columns,
                                            is_tiled ? columns / gpu::kTokenTile : 0, gpu::gemm_order(mlp.down.form)}};
  device.launch("activate",
                {.blocks = gpu::activate_blocks(columns), .blocks_y = rows, .threads = gpu::kActivateThreads}, a);
}

int launch_linear(const gpu::Accelerator& device, const GpuMatrix& matrix, const char* end,
                  const gpu::LinearArguments& arguments) {
  const gpu::LinearPlan plan =
      gpu::linear_plan(matrix.form, matrix.rows, matrix.columns, gpu::linear_threads_of(device.device().is_amd()));
  const int blocks = (gpu::tile_rows_of(matrix.rows) + plan.tiles - 1) / plan.tiles;
  const std::string kernel = std::string("linear_") + name_of(matrix.form) + "_" + end + "_r" +
                             std::to_string(plan.tiles) + (arguments.count > 8 ? "_n16" : "_n8");
  device.launch(kernel, {.blocks = blocks, .threads = plan.warps * gpu::kWarpThreads}, arguments);
  return blocks;
}

}  // namespace estoc
