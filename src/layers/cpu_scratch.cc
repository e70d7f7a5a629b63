#include "layers/cpu_scratch.h"

#include <algorithm>

namespace estoc {
namespace {

int64_t expert_width(std::span<const MoeSpec* const> mixtures) {
  int width = 1;
  for (const MoeSpec* moe : mixtures) {
    width = std::max({width, moe->width, moe->shared ? moe->shared->width : 0, moe->latent ? moe->latent->width : 0});
  }
  return width;
}

}  // namespace

CpuScratch::Widths CpuScratch::Widths::of(std::span<const LayerSpec> layers, int input_width) {
  Widths widths;
  widths.input = input_width;
  widths.mamba = MambaBuffers::spec_of(layers);
  widths.mamba2 = Mamba2Buffers::spec_of(layers);
  for (const LayerSpec& layer : layers) {
    widths.has_conv |= std::holds_alternative<ShortConvSpec>(layer.mixer);
    if (const auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) widths.delta_net = shape_of(*delta);
    if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer)) {
      widths.q = std::max(widths.q, int64_t{attention->heads} * attention->head_dim);
      widths.has_gate |= attention->gate.has_value();
      widths.kv = std::max(widths.kv, int64_t{attention->kv_heads} * attention->head_dim);
    }
    if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) widths.latents.push_back(latent);
    if (const auto* mlp = std::get_if<GatedMlpSpec>(&layer.mlp)) widths.mlp = std::max<int64_t>(widths.mlp, mlp->width);
    if (const auto* mlp = std::get_if<PlainMlpSpec>(&layer.mlp)) widths.mlp = std::max<int64_t>(widths.mlp, mlp->width);
    if (const auto* moe = std::get_if<MoeSpec>(&layer.mlp)) widths.mixtures.push_back(moe);
    if (layer.side_mixture) {
      widths.mixtures.push_back(&layer.side_mixture->moe);
      widths.has_side = true;
    }
    widths.has_parallel |= layer.is_parallel;
  }
  return widths;
}

CpuScratch::CpuScratch(std::span<const LayerSpec> layers, int hidden, int ropes, int groups, int input_width,
                       int rows_max, int threads)
    : CpuScratch(Widths::of(layers, input_width), hidden, ropes, groups, rows_max, threads) {
  if (input_width > 0) inputs.emplace(rows_max, hidden, static_cast<int>(layers.size()), input_width);
}

CpuScratch::CpuScratch(const Widths& widths, int hidden, int ropes, int groups, int rows_max, int threads)
    : normed(rows_max, hidden),
      part(rows_max, hidden),
      q(rows_max, widths.q),
      k(rows_max, widths.kv),
      v(rows_max, widths.kv),
      gate(rows_max, widths.mlp),
      up(rows_max, widths.mlp),
      activated(rows_max, widths.mlp),
      angles(static_cast<size_t>(ropes)),
      decoded(threads,
              std::max({int64_t{hidden}, widths.q, widths.mlp, widths.input, widths.inner(),
                        expert_width(widths.mixtures), widths.delta_net ? widths.delta_net->value_columns() : 0,
                        LatentBuffers::columns_max(widths.latents)})),
      plans(static_cast<size_t>(groups)) {
  if (widths.mamba) mamba.emplace(*widths.mamba, rows_max);
  if (widths.mamba2) mamba2.emplace(*widths.mamba2, rows_max);
  if (!widths.mixtures.empty()) moe.emplace(widths.mixtures, hidden, rows_max, threads);
  if (widths.has_side) side.emplace(rows_max, hidden);
  if (widths.has_parallel) parallel.emplace(rows_max, hidden);
  if (widths.has_gate) {
    q_gate.emplace(rows_max, widths.q);
    gated.emplace(rows_max, widths.q);
  }
  if (!widths.latents.empty()) latent.emplace(widths.latents, rows_max);
  if (widths.delta_net) delta_net.emplace(*widths.delta_net, rows_max);
  if (!widths.has_conv) return;
  conv_in.emplace(rows_max, 3 * int64_t{hidden});
  conv_out.emplace(rows_max, hidden);
}

}  // namespace estoc
