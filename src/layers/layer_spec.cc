#include "layers/layer_spec.h"

#include <utility>

#include "layers/gated_delta_net.h"

namespace estoc {
namespace {

// A copy of these states is a megabyte a layer, and what a prompt may have to compute again is at most so long.
constexpr int kDeltaSnapshotEvery = 256;

StateSpec state_of(const AttentionSpec& attention, int) {
  if (attention.kv_layer != AttentionSpec::kOwnKv) return std::monostate{};
  return PagedState{attention.kv_heads, attention.head_dim, attention.window};
}

StateSpec state_of(const GatedDeltaSpec& delta, int) {
  return FixedState{shape_of(delta).state_bytes(), kDeltaSnapshotEvery};
}

StateSpec state_of(const ShortConvSpec& conv, int hidden) {
  return FixedState{int64_t{conv.width - 1} * hidden * static_cast<int64_t>(sizeof(float))};
}

}  // namespace

StateLayout state_layout(const DecoderSpec& decoder) {
  std::vector<StateSpec> states;
  for (const LayerSpec& layer : decoder.layers) {
    states.push_back(std::visit([&](const auto& mixer) { return state_of(mixer, decoder.hidden); }, layer.mixer));
  }
  return StateLayout(std::move(states));
}

}  // namespace estoc
