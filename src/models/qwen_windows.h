// Which layers of a Qwen2 or Qwen3 model look back over a window only.
#pragma once

#include "layers/layer_spec.h"
#include "weights/weight_source.h"

namespace estoc {

// Sets the windows of the layers' attention: sliding_window for those from max_window_layers on, if use_sliding_window
// says so; configs carry the other two keys anyway. Throws Error{corrupt_file} with file, key and what was expected.
void read_qwen_windows(const WeightSource& source, DecoderSpec& decoder);

}  // namespace estoc
