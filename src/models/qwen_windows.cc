#include "models/qwen_windows.h"

#include "weights/config_reader.h"

namespace estoc {

void read_qwen_windows(const WeightSource& source, DecoderSpec& decoder) {
  constexpr int kLayersMax = 1 << 20, kWindowMax = 1 << 30;
  const ConfigReader config(source);
  const int layers = static_cast<int>(decoder.layers.size());
  const bool has_windows = config.boolean("use_sliding_window", false);
  const int first = has_windows ? config.integer("max_window_layers", 0, kLayersMax, 28) : layers;
  const int unsaid = config.json().find("sliding_window") == nullptr ? 4096 : 0;  // null is none
  for (int layer = 0; layer < layers; ++layer) {
    std::get<AttentionSpec>(decoder.layers[static_cast<size_t>(layer)].mixer).window =
        layer < first ? 0 : config.integer("sliding_window", 0, kWindowMax, unsaid);
  }
}

}  // namespace estoc
