// Attention of steps that compute one new position a row: norms of heads, rotation, the new key and value included.
#include <cstdint>
#include <string>

#include "gpu/source/attention_decode.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {

int table_stride_of(const DecodeShape& shape, const GpuKvPool& pool) {
  return pool.is_fixed ? 1 : gpu::attention_reach(shape.positions, pool.window) / gpu::kKvPositions;
}

const float* attention_gate(const GpuWeights& weights, const GpuBuffers& buffers) {
  const GpuWeightPlan& plan = weights.plan();
  return buffers.qkv.as<float>() + plan.qkv_rows();
}

void launch_decode_attention(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                             const DecodeShape& shape, const DecodeInputs& inputs, const GpuLayer& layer,
                             const GpuMixer& mixer, gpu::WeightsAhead ahead, int output_tiles, gpu::ColumnOrder order) {
  // Keys and values of the next layer are asked for while they leave room for weights in the cache.
  constexpr int64_t kAheadKvBytes = int64_t{16} << 20;
  const GpuWeightPlan& plan = weights.plan();
  const GpuAttention& own = *mixer.attention();
  const GpuKvPools& kv = buffers.kv;
  const int stride = table_stride_of(shape, kv.of(mixer.state));
  const bool asks = int64_t{shape.rows} * stride * static_cast<int64_t>(kv.layer_bytes()) <= kAheadKvBytes;
  const int splits = gpu::attention_splits(stride * gpu::kKvPositions, shape.rows, plan.kv_heads,
                                           device.device().multiprocessors, plan.head_room);
  const gpu::AttentionArguments attention{.qkv = buffers.qkv.as<float>(),
                                          .query_norm = own.q_norm ? weights.vector(*own.q_norm) : nullptr,
                                          .key_norm = own.k_norm ? weights.vector(*own.k_norm) : nullptr,
                                          .rotations = buffers.rotations[static_cast<size_t>(own.rope)].table(),
                                          .positions = inputs.positions,
                                          .tables = inputs.tables[kv.pool_of(mixer.state)],
                                          .kv = kv.layer(mixer.state),
                                          .output = buffers.attended.as<gpu::u16>(),
                                          .partial = buffers.partial.as<float>(),
                                          .arrived = buffers.arrived.as<gpu::u32>(),
                                          .table_stride = stride,
                                          .qkv_stride = layer.projected(),
                                          .heads = plan.heads,
                                          .width = plan.head_dim,
                                          .output_tiles = output_tiles,
                                          .order = order,
                                          .epsilon = own.head_epsilon,
                                          .scale = own.scale,
                                          .window = own.window,
                                          .ahead = ahead,
                                          .next_layer = asks ? kv.to_next(mixer.state) : 0,
                                          .sinks = own.sinks ? weights.vector(*own.sinks) : nullptr,
                                          .gate = own.has_gate ? attention_gate(weights, buffers) : nullptr,
                                          .softcap = own.softcap,
                                          .value_epsilon = own.value_epsilon};
  device.launch(
      "attention_decode_d" + std::to_string(plan.head_room) +
          gpu::attention_decode_suffix(attention.kv.form, own.window > 0 || own.softcap > 0),
      {.blocks = splits, .blocks_y = shape.rows * plan.kv_heads, .threads = gpu::attention_threads(plan.head_room)},
      attention);
}

}  // namespace estoc
