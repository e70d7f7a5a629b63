// Layers that are a norm and one mixer alone, which has neither positions nor an end: Mamba's and Mamba-2's. Internal to
// the room.
#pragma once

#include <string>

#include "models/llama.h"

namespace estoc {

// Sizes, norms and layers of such a model: each layer's mixer is `mixer` under its own name.
template <typename Mixer>
void add_mixer_layers(const ConfigReader& config, float epsilon, Mixer mixer, DecoderSpec& decoder) {
  constexpr int kContextMax = 1 << 20;  // what the authors of the papers extrapolate to
  if (config.find("max_position_embeddings") == nullptr) decoder.context_max = kContextMax;
  decoder.norm = {"model.norm", epsilon};
  for (int layer = 0; layer < layer_count(config); ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    mixer.name = name + ".mixer";
    decoder.layers.push_back({.input_norm = NormSpec{name + ".norm", epsilon}, .mixer = mixer});
  }
}

}  // namespace estoc
