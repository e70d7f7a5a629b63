// The inside of gated delta nets: three launches (gpu/source/delta_net.h).
#include "gpu/source/delta_net.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {
namespace {

// What does not depend on the kind of step.
gpu::DeltaNetArguments arguments(const GpuWeights& weights, const GpuBuffers& buffers, size_t index) {
  const GpuDeltaNet& net = *weights.plan().layers[index].delta;
  gpu::DeltaNetArguments a{};
  a.shape = net.shape;
  a.inputs = buffers.qkv.as<float>();
  a.convolved = buffers.convolved->as<float>();
  a.taps = weights.vector(net.taps);
  a.decay_rate = weights.vector(net.decay_rate);
  a.decay_bias = weights.vector(net.decay_bias);
  a.norm = weights.vector(net.norm);
  a.epsilon = net.epsilon;
  a.states = buffers.kv.state(index);
  a.block_stride = static_cast<long>(buffers.kv.of(index).block_bytes);
  a.output = buffers.attended.as<gpu::u16>();
  return a;
}

void launch(const gpu::Accelerator& device, const gpu::DeltaNetArguments& a, int rows, int sequences) {
  const gpu::DeltaNetShape& s = a.shape;
  device.launch("delta_conv",
                {.blocks = gpu::delta_conv_blocks(s), .blocks_y = rows, .threads = gpu::kDeltaConvThreads}, a);
  device.launch("delta_rule",
                {.blocks = s.value_heads * gpu::delta_parts(s.value_dim),
                 .blocks_y = sequences,
                 .threads = gpu::kDeltaRuleThreads},
                a);
  device.launch("delta_norm", {.blocks = s.value_heads, .blocks_y = rows, .threads = gpu::kDeltaNormThreads}, a);
}

}  // namespace

void launch_delta_net(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                      const DecodeShape& shape, const DecodeInputs& inputs, size_t index, int output_tiles,
                      gpu::ColumnOrder order) {
  gpu::DeltaNetArguments a = arguments(weights, buffers, index);
  a.tables = inputs.tables[buffers.kv.pool_of(index)];
  a.positions = inputs.positions;
  a.output_tiles = output_tiles;
  a.order = order;
  launch(device, a, shape.rows, shape.rows);
}

void launch_prompt_delta_net(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                             const PromptInputs& inputs, size_t index, gpu::ColumnOrder order) {
  gpu::DeltaNetArguments a = arguments(weights, buffers, index);
  a.tables = inputs.tables[buffers.kv.pool_of(index)];
  a.table_starts = inputs.table_starts;
  a.positions = inputs.positions;
  a.sequences = inputs.sequences;
  a.first_rows = inputs.first_rows;
  a.output_tiles = gpu::delta_value_columns(a.shape) / gpu::kTokenTile;
  a.order = order;
  launch(device, a, inputs.rows, inputs.sequence_count);
}

}  // namespace estoc
