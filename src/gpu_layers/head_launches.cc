// The head: logits of rows that are ready for a projection, sixteen at a time, and a token of each.
#include <algorithm>

#include "gpu/source/cap_logits.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {

void launch_head(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers, int rows,
                 int square_parts, const gpu::SampleRow* samples) {
  const GpuMatrix& matrix = weights.plan().head->matrix;
  for (int first = 0; first < rows; first += kGpuDecodeRows) {
    const auto at = static_cast<size_t>(first);
    gpu::LinearArguments a{};
    a.weights = weights.matrix(matrix);
    a.inputs = buffers.inputs.as<gpu::u16>(at * static_cast<size_t>(matrix.columns) * 2);
    a.squares = buffers.squares.as<float>(at * static_cast<size_t>(square_parts) * 4);
    a.square_parts = square_parts;
    a.epsilon = weights.plan().head->epsilon;
    a.rows = matrix.rows;
    a.columns = matrix.columns;
    a.count = std::min(kGpuDecodeRows, rows - first);
    a.output = buffers.logits->as<float>(at * static_cast<size_t>(matrix.rows) * 4);
    a.output_stride = matrix.rows;
    launch_linear(device, matrix, "store", a);
  }
  launch_sampling(device, weights, buffers, rows, samples);
}

void launch_sampling(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers, int rows,
                     const gpu::SampleRow* samples) {
  const int vocab = weights.plan().vocab;
  if (weights.plan().logit_scale != 1 || weights.plan().logit_softcap > 0) {
    device.launch("cap_logits",
                  {.blocks = gpu::cap_logits_blocks(vocab), .blocks_y = rows, .threads = gpu::kCapLogitsThreads},
                  gpu::CapLogitsArguments{buffers.logits->as<float>(), vocab, weights.plan().logit_scale,
                                          weights.plan().logit_softcap});
  }
  const gpu::SampleArguments sample{buffers.logits->as<float>(), samples, buffers.sample_tiles->as<gpu::SampleTile>(),
                                    buffers.tokens.as<gpu::u32>(), vocab};
  device.launch("sample_tiles",
                {.blocks = gpu::sample_tiles_blocks(vocab), .blocks_y = rows, .threads = gpu::kSampleTilesThreads},
                sample);
  device.launch("sample_rows", {.blocks = rows, .threads = gpu::kSampleThreads}, sample);
}

}  // namespace estoc
