#include "layers/layer_spec.h"

#include <utility>

#include "layers/gated_delta_net.h"

namespace estoc {
namespace {

StateSpec state_of(const AttentionSpec& attention, int) {
  if (attention.kv_layer != AttentionSpec::kOwnKv) return std::monostate{};
  return PagedState{attention.kv_heads, attention.head_dim, attention.window};
}

StateSpec state_of(const GatedDeltaSpec& delta, int) {
  return fixed_state(shape_of(delta).state_bytes());
}

StateSpec state_of(const ShortConvSpec& conv, int hidden) {
  return fixed_state(int64_t{conv.width - 1} * hidden * static_cast<int64_t>(sizeof(float)));
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
