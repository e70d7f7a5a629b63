// Attention of steps that compute one new position a row: norms of heads, rotation, the new key and value included.
#include <cstdint>
#include <string>

#include "gpu/source/attention_decode.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {

void launch_decode_attention(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                             const DecodeShape& shape, const DecodeInputs& inputs, size_t index,
                             gpu::WeightsAhead ahead, int output_tiles, gpu::ColumnOrder order) {
  // Keys and values of the next layer are asked for while they leave room for weights in the cache.
  constexpr int64_t kAheadKvBytes = int64_t{16} << 20;
  const GpuWeightPlan& plan = weights.plan();
  const GpuLayer& layer = plan.layers[index];
  const bool has_next = index + 1 < plan.layers.size() &&
                        int64_t{shape.rows} * shape.positions * plan.kv_heads * plan.head_dim * 4 <= kAheadKvBytes;
  const int splits = gpu::attention_splits(shape.positions, shape.rows, plan.kv_heads, device.device().multiprocessors);
  const gpu::AttentionArguments attention{.qkv = buffers.qkv.as<float>(),
                                          .query_norm = layer.q_norm ? weights.vector(*layer.q_norm) : nullptr,
                                          .key_norm = layer.k_norm ? weights.vector(*layer.k_norm) : nullptr,
                                          .rotations = buffers.rotations[static_cast<size_t>(layer.rope)].table(),
                                          .positions = inputs.positions,
                                          .tables = inputs.tables,
                                          .kv = kv_layer(weights, buffers, index),
                                          .output = buffers.attended.as<gpu::u16>(),
                                          .partial = buffers.partial.as<float>(),
                                          .arrived = buffers.arrived.as<gpu::u32>(),
                                          .table_stride = shape.positions / gpu::kKvPositions,
                                          .heads = plan.heads,
                                          .output_tiles = output_tiles,
                                          .order = order,
                                          .epsilon = layer.head_epsilon,
                                          .scale = layer.scale,
                                          .ahead = ahead,
                                          .next_layer = has_next ? static_cast<long>(kv_layer_bytes(plan)) : 0};
  device.launch("attention_decode_d" + std::to_string(plan.head_dim),
                {.blocks = splits, .blocks_y = shape.rows * plan.kv_heads, .threads = gpu::kAttentionThreads},
                attention);
}

}  // namespace estoc
