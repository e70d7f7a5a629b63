#include "layers/cpu_scratch.h"

#include <algorithm>

namespace estoc {
namespace {

// Columns of each buffer: what the widest layer needs.
struct Widths {
  int64_t q = 1, kv = 1, mlp = 1;
  bool has_conv = false;
};

Widths widths_of(std::span<const LayerSpec> layers) {
  Widths widths;
  for (const LayerSpec& layer : layers) {
    widths.has_conv |= std::holds_alternative<ShortConvSpec>(layer.mixer);
    if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer)) {
      widths.q = std::max(widths.q, int64_t{attention->heads} * attention->head_dim);
      widths.kv = std::max(widths.kv, int64_t{attention->kv_heads} * attention->head_dim);
    }
    widths.mlp = std::max<int64_t>(widths.mlp, std::get<GatedMlpSpec>(layer.mlp).width);
  }
  return widths;
}

}  // namespace

CpuScratch::CpuScratch(std::span<const LayerSpec> layers, int hidden, int ropes, int groups, int rows_max, int threads)
    : normed(rows_max, hidden),
      q(rows_max, widths_of(layers).q),
      k(rows_max, widths_of(layers).kv),
      v(rows_max, widths_of(layers).kv),
      gate(rows_max, widths_of(layers).mlp),
      up(rows_max, widths_of(layers).mlp),
      activated(rows_max, widths_of(layers).mlp),
      angles(static_cast<size_t>(ropes)),
      decoded(threads, std::max({int64_t{hidden}, widths_of(layers).q, widths_of(layers).mlp})),
      plans(static_cast<size_t>(groups)) {
  if (!widths_of(layers).has_conv) return;
  conv_in.emplace(rows_max, 3 * int64_t{hidden});
  conv_out.emplace(rows_max, hidden);
}

}  // namespace estoc
