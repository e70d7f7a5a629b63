#include "models/qwen_windows.h"

#include "weights/config_reader.h"

namespace estoc {

void read_qwen_windows(const WeightSource& source, ModelInfo& info) {
  constexpr int kLayersMax = 1 << 20, kWindowMax = 1 << 30;
  const ConfigReader config(source);
  const bool has_windows = config.boolean("use_sliding_window", false);
  const int first = has_windows ? config.integer("max_window_layers", 0, kLayersMax, 28) : info.layers;
  const int unsaid = config.json().find("sliding_window") == nullptr ? 4096 : 0;  // null is none
  for (int layer = 0; layer < info.layers; ++layer) {
    info.kv[static_cast<size_t>(layer)].window =
        layer < first ? 0 : config.integer("sliding_window", 0, kWindowMax, unsaid);
  }
}

}  // namespace estoc
