// How a step of either kind goes through mixers other than attention.
#include "gpu/source/gemm.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {

gpu::TokenRows MixerStep::inputs_of(const GpuMatrix& matrix, const gpu::Buffer& to) const {
  return {to.as<gpu::u16>(), matrix.columns, is_tiled ? matrix.columns / gpu::kTokenTile : 0,
          gpu::gemm_order(matrix.form)};
}

MixerStep mixer_step(const GpuBuffers& buffers, const DecodeShape& shape, const DecodeInputs& inputs, bool is_tiled) {
  MixerStep step{.rows = shape.rows,
                 .sequences = shape.rows,
                 .tables = inputs.tables,
                 .reach = shape.positions,
                 .is_tiled = is_tiled};
  step.state_rows.positions = inputs.positions;
  for (const GpuKvPool& pool : buffers.kv.pools()) step.table_strides.push_back(table_stride_of(shape, pool));
  return step;
}

MixerStep mixer_step(const PromptInputs& inputs) {
  MixerStep step{.rows = inputs.rows, .sequences = inputs.sequence_count, .tables = inputs.tables, .is_tiled = true};
  step.state_rows.table_starts = inputs.table_starts;
  step.state_rows.positions = inputs.positions;
  step.state_rows.sequences = inputs.sequences;
  step.state_rows.first_rows = inputs.first_rows;
  return step;
}

void launch_mixer(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                  const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer) {
  (mixer.latent() != nullptr ? launch_latent_attention : launch_state_mixer)(device, weights, buffers, step, layer,
                                                                             mixer);
}

}  // namespace estoc
