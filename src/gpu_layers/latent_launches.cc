// Latent attention between its projections and its output's product (gpu/source/latent_attention.h).
#include <algorithm>

#include "gpu/source/gemm.h"
#include "gpu_layers/expert_launches.h"

namespace estoc {
namespace {

class LatentLaunches {
 public:
  LatentLaunches(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                 const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer)
      : device_(device),
        w_(weights),
        b_(buffers),
        latent_(*buffers.latent),
        step_(step),
        layer_(layer),
        mixer_(mixer),
        own_(*mixer.latent()) {
    const GpuKvPools& pools = buffers.kv;
    const size_t pool = pools.pool_of(mixer.state);
    rows_ = {.pool = pools.part(mixer.state),
             .block_stride = static_cast<long>(pools.of(mixer.state).block_bytes),
             .tables = step.tables[pool],
             .table_starts = step.state_rows.table_starts,
             .table_stride = step.table_strides.empty() ? 0 : step.table_strides[pool],
             .positions = step.state_rows.positions,
             .rotations = buffers.rotations[static_cast<size_t>(own_.rope)].table(),
             .is_interleaved = own_.is_interleaved ? 1 : 0};
  }

  void keep_rows();
  // Of the rows from `first` on, as many as are computed at once.
  void answer(int first);

 private:
  const float* inputs() const { return b_.qkv.as<float>() + mixer_.inputs_at; }
  // Token tiles that each meet their head's matrix, and what becomes of them.
  void multiply_heads(const GpuMatrix& matrix, size_t stride, const gpu::Buffer& inputs);

  const gpu::Accelerator& device_;
  const GpuWeights& w_;
  const GpuBuffers& b_;
  const GpuLatentBuffers& latent_;
  const MixerStep& step_;
  const GpuLayer& layer_;
  const GpuMixer& mixer_;
  const GpuLatent& own_;
  gpu::LatentRows rows_{};
  int places_ = 0;
};

void LatentLaunches::keep_rows() {
  gpu::LatentRowsArguments a{.rows = rows_,
                             .shape = own_.shape,
                             .inputs = inputs(),
                             .input_stride = layer_.projected(),
                             .query_norm = own_.query_norm ? w_.vector(*own_.query_norm) : nullptr,
                             .latent_norm = w_.vector(own_.latent_norm),
                             .epsilon = own_.epsilon,
                             .queries = {}};
  if (own_.queries) a.queries = step_.inputs_of(*own_.queries, latent_.compressed);
  device_.launch("latent_rows", {.blocks = step_.rows, .threads = gpu::kLatentThreads}, a);
  if (!own_.queries) return;
  step_.product(*own_.queries, latent_.compressed, latent_.queries.as<float>(), own_.queries->rows,
                own_.query_bias ? w_.vector(*own_.query_bias) : nullptr);
}

void LatentLaunches::multiply_heads(const GpuMatrix& matrix, size_t stride, const gpu::Buffer& inputs) {
  gpu::GemmArguments a{};
  a.weights = w_.matrix(matrix);
  a.expert_bytes = static_cast<long>(stride);
  a.inputs = inputs.as<gpu::u8>();
  a.output = latent_.products.as<float>();
  a.output_stride = matrix.rows;
  a.rows = matrix.rows;
  a.columns = matrix.columns;
  a.tile_experts = latent_.tile_heads.as<int>();
  a.tile_count = latent_.tile_count.as<int>();
  launch_expert_product(device_, matrix, "store", places_, a);
}

void LatentLaunches::answer(int first) {
  const gpu::LatentShape& s = own_.shape;
  const int count = std::min(step_.rows - first, gpu::kLatentRows), multiprocessors = device_.device().multiprocessors;
  places_ = s.heads * gpu::latent_room(count);
  const auto tiles = [&](const GpuMatrix& matrix, const gpu::Buffer& to) {
    return gpu::TokenRows{to.as<gpu::u16>(), matrix.columns, matrix.columns / gpu::kTokenTile,
                          gpu::gemm_order(matrix.form)};
  };
  const gpu::LatentQueriesArguments queries{.rows = rows_,
                                            .shape = s,
                                            .queries = own_.queries ? latent_.queries.as<float>() : inputs(),
                                            .query_stride = own_.queries ? own_.queries->rows : layer_.projected(),
                                            .first = first,
                                            .count = count,
                                            .growth = own_.growth,
                                            .period = own_.period,
                                            .keyed = tiles(own_.keys, latent_.keyed),
                                            .turned = latent_.turned.as<gpu::u16>(),
                                            .tile_heads = latent_.tile_heads.as<int>(),
                                            .tile_count = latent_.tile_count.as<int>()};
  device_.launch("latent_queries", {.blocks = s.heads, .blocks_y = count, .threads = gpu::kLatentThreads}, queries);
  multiply_heads(own_.keys, own_.key_stride, latent_.keyed);
  const gpu::LatentAttentionArguments attention{.rows = rows_,
                                                .shape = s,
                                                .absorbed = latent_.products.as<float>(),
                                                .turned = latent_.turned.as<gpu::u16>(),
                                                .first = first,
                                                .count = count,
                                                .scale = own_.scale,
                                                .output = tiles(own_.values, latent_.summed),
                                                .partial = latent_.partial.as<float>(),
                                                .arrived = latent_.arrived.as<gpu::u32>()};
  const int splits = step_.reach == 0 ? 1 : gpu::latent_splits(s, step_.reach, count, multiprocessors);
  device_.launch("latent_attention",
                 {.blocks = splits, .blocks_y = count * gpu::latent_groups(s), .threads = gpu::kLatentThreads},
                 attention);
  multiply_heads(own_.values, own_.value_stride, latent_.summed);
  const gpu::LatentOutputsArguments outputs{.shape = s,
                                            .answers = latent_.products.as<float>(),
                                            .first = first,
                                            .count = count,
                                            .output = step_.inputs_of(mixer_.output, b_.attended)};
  device_.launch("latent_outputs", {.blocks = count, .threads = gpu::kLatentThreads}, outputs);
}

}  // namespace

void launch_latent_attention(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                             const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer) {
  LatentLaunches launches(device, weights, buffers, step, layer, mixer);
  launches.keep_rows();
  for (int first = 0; first < step.rows; first += gpu::kLatentRows) launches.answer(first);
}

}  // namespace estoc
