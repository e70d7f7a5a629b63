#include "layers/layer_spec.h"

#include <algorithm>
#include <utility>

#include "layers/gated_delta_net.h"
#include "ops/selective_scan.h"

namespace estoc {
namespace {

StateSpec state_of(const AttentionSpec& attention, int) {
  if (attention.kv_layer != AttentionSpec::kOwnKv) return std::monostate{};
  return PagedState{attention.kv_heads, attention.head_dim, attention.window};
}

StateSpec state_of(const LatentAttentionSpec& latent, int) {
  return PagedState{.kv_heads = 1, .head_dim = static_cast<int>(latent.kept()), .has_values = false};
}

StateSpec state_of(const GatedDeltaSpec& delta, int) { return fixed_state(shape_of(delta).state_bytes()); }

StateSpec state_of(const ShortConvSpec& conv, int hidden) {
  return fixed_state(int64_t{conv.width - 1} * hidden * static_cast<int64_t>(sizeof(float)));
}

StateSpec state_of(const MambaSpec& mamba, int) { return fixed_state(mamba.state_bytes()); }

StateSpec state_of(const Mamba2Spec& mamba, int) { return fixed_state(mamba.state_bytes()); }

StateSpec state_of(std::monostate, int) { return std::monostate(); }

}  // namespace

int64_t MambaSpec::state_bytes() const { return conv_bytes() + scan_state_bytes(columns, state_size); }

StateLayout state_layout(const DecoderSpec& decoder, bool is_passing) {
  std::vector<StateSpec> states;
  const auto add = [&](const MixerSpec& spec) {
    states.push_back(std::visit([&](const auto& mixer) { return state_of(mixer, decoder.hidden); }, spec));
  };
  for (const LayerSpec& layer : decoder.layers) add(layer.mixer);
  for (const LayerSpec& layer : decoder.layers) {
    if (layer.second_mixer) add(*layer.second_mixer);
  }
  return StateLayout(std::move(states), is_passing);
}

int second_state(const DecoderSpec& decoder, int layer) {
  const auto before = decoder.layers.begin() + layer;
  return static_cast<int>(std::ssize(decoder.layers) +
                          std::count_if(decoder.layers.begin(), before,
                                        [](const LayerSpec& spec) { return spec.second_mixer.has_value(); }));
}

}  // namespace estoc
