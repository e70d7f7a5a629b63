// Which layers of a Qwen2 or Qwen3 model look back over a window only.
#pragma once

#include "models/model.h"
#include "weights/weight_source.h"

namespace estoc {

// Sets the windows of info.kv: sliding_window for the layers from max_window_layers on, if use_sliding_window says so;
// configs carry the other two keys anyway. Throws Error{corrupt_file} with file, key and what was expected.
void read_qwen_windows(const WeightSource& source, ModelInfo& info);

}  // namespace estoc
