#include "gpu_layers/gpu_buffers.h"

#include <algorithm>

#include "gpu/source/attention_decode.h"
#include "gpu/source/gemm.h"
#include "gpu/source/sample.h"
#include "gpu/source/token_tile.h"
#include "gpu_layers/gpu_launches.h"
#include "gpu_layers/gpu_tile_rows.h"

namespace estoc {
namespace {

size_t squares_bytes(const GpuWeights& weights, int rows_max) {
  const size_t parts = static_cast<size_t>(gpu::tile_rows_of(weights.plan().hidden));
  return std::max(kGpuDecodeRows * parts, static_cast<size_t>(rows_max)) * 4;
}

int widest_inputs(const GpuWeightPlan& plan) {
  int most = 0;
  for (const GpuLayer& layer : plan.layers) most = std::max(most, layer.projected());
  return most;
}

int widest_outputs(const GpuWeightPlan& plan) {
  int most = 0;
  for (const GpuMixer* mixer : plan.states()) most = std::max(most, mixer->output.columns);
  return most;
}

gpu::Buffer zeros(const gpu::Device& device, size_t bytes) {
  gpu::Buffer buffer(device, std::max<size_t>((bytes + 3) / 4 * 4, 16));
  buffer.fill(0);
  return buffer;
}

}  // namespace

GpuRotations::GpuRotations(const gpu::Device& device, const RopeSpec& rope, int head_dim, int positions_max)
    : rope_(rope),
      half_(head_dim / 2),
      table_(device, static_cast<size_t>(positions_max) * static_cast<size_t>(half_) * 8),
      positions_max_(positions_max) {}

void GpuRotations::reach(int end) {
  constexpr int kAhead = 1024;
  if (end <= made_) return;
  const int count = std::min(positions_max_, (end + kAhead - 1) / kAhead * kAhead) - made_;
  const std::vector<TokenId> tokens(static_cast<size_t>(count));
  const BatchSequence sequence{.first_row = 0, .row_count = count, .position = made_, .blocks = {}};
  RowAngles angles;
  rope_.angles({.tokens = tokens, .sequences = {&sequence, 1}, .logit_rows = {}}, angles);
  const auto pairs = static_cast<size_t>(rope_.half()), half = static_cast<size_t>(half_);
  std::vector<float> both(static_cast<size_t>(count) * half * 2);
  for (size_t i = 0; i < both.size() / 2; ++i) {
    const size_t row = i / half, pair = i % half;
    both[2 * i] = pair < pairs ? angles.cos[row * pairs + pair] : 1;
    both[2 * i + 1] = pair < pairs ? angles.sin[row * pairs + pair] : 0;
  }
  table_.upload(both.data(), both.size() * 4, static_cast<size_t>(made_) * half * 8);
  made_ += count;
}

GpuBuffers::GpuBuffers(const gpu::Accelerator& accelerator, const GpuWeights& weights,
                       const std::vector<RopeSpec>& ropes, const RunLimits& limits, const std::vector<int>& groups,
                       int context_max, bool has_prompts)
    : kv(accelerator.device(), weights.plan(), groups, limits),
      rows_max(std::max(limits.rows_max, kGpuDecodeRows)),
      logit_rows_max(std::max(limits.logit_rows_max, kGpuDecodeRows)),
      positions_max(kv.positions_max(context_max)),
      residual(
          zeros(accelerator.device(), static_cast<size_t>(rows_max) * static_cast<size_t>(weights.plan().hidden) * 4)),
      inputs(zeros(accelerator.device(), static_cast<size_t>(std::max(rows_max, logit_rows_max)) *
                                             static_cast<size_t>(weights.plan().hidden) * 2)),
      squares(zeros(accelerator.device(), squares_bytes(weights, std::max(rows_max, logit_rows_max)))),
      qkv(zeros(accelerator.device(),
                static_cast<size_t>(rows_max) * static_cast<size_t>(widest_inputs(weights.plan())) * 4)),
      attended(
          zeros(accelerator.device(), padded_rows(rows_max) * static_cast<size_t>(widest_outputs(weights.plan())) * 2)),
      activated(zeros(accelerator.device(), padded_rows(rows_max) * static_cast<size_t>(weights.plan().mlp_width) * 2)),
      partial(zeros(
          accelerator.device(),
          static_cast<size_t>(gpu::attention_parts_max(accelerator.device().multiprocessors)) * 4 *
              static_cast<size_t>(gpu::attention_partial_floats(weights.plan().group(), weights.plan().head_room)))),
      arrived(zeros(accelerator.device(),
                    static_cast<size_t>(gpu::attention_parts_max(accelerator.device().multiprocessors)) * 4)),
      tokens(zeros(accelerator.device(), static_cast<size_t>(logit_rows_max) * 4)),
      hidden_host(accelerator.device(),
                  weights.plan().embedding && weights.plan().head
                      ? 64
                      : static_cast<size_t>(rows_max) * static_cast<size_t>(weights.plan().hidden) * 4) {
  const gpu::Device& device = accelerator.device();
  for (const RopeSpec& rope : ropes) {
    if (weights.plan().turned_dim > 0) rotations.emplace_back(device, rope, weights.plan().turned_dim, positions_max);
  }
  if (weights.plan().plain_width > 0) {
    raised.emplace(zeros(device, static_cast<size_t>(rows_max) * static_cast<size_t>(weights.plan().plain_width) * 4));
  }
  if (weights.plan().has_additions()) {
    part.emplace(zeros(device, static_cast<size_t>(rows_max) * static_cast<size_t>(weights.plan().hidden) * 4));
  }
  if (weights.plan().head) {
    logits.emplace(zeros(device, static_cast<size_t>(logit_rows_max) * static_cast<size_t>(weights.plan().vocab) * 4));
    sample_tiles.emplace(device, static_cast<size_t>(logit_rows_max) *
                                     static_cast<size_t>(gpu::sample_tile_count(weights.plan().vocab)) *
                                     sizeof(gpu::SampleTile));
  }
  if (const auto sizes = state_sizes_of(weights.plan(), rows_max)) states.emplace(device, *sizes);
  if (const auto sizes = latent_sizes_of(weights.plan(), rows_max, device.multiprocessors)) {
    latent.emplace(device, *sizes);
  }
  if (const auto sizes = expert_sizes_of(weights.plan(), rows_max, has_prompts)) experts.emplace(device, *sizes);
  if (!has_prompts) return;
  normed.emplace(zeros(device, padded_rows(rows_max) * static_cast<size_t>(weights.plan().hidden) * 2));
  queries.emplace(zeros(device, static_cast<size_t>(rows_max) *
                                    static_cast<size_t>(weights.plan().heads * weights.plan().head_room) * 2));
  // A product is split only where its tiles leave multiprocessors without one (gemm_plan).
  const auto tiles = static_cast<size_t>(device.multiprocessors);
  product_partial.emplace(device, tiles * gpu::kGemmRows * 256 * 4);
  product_arrivals.emplace(zeros(device, tiles * 2 * 4));
}

}  // namespace estoc
