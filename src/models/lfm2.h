// What the LFM2 families share: attention with head norms, and between such layers short convolutions.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <string_view>

#include "layers/layer_spec.h"
#include "weights/weight_source.h"

namespace estoc {

// The layers, with MLPs of `width`.
DecoderSpec describe_lfm2(const WeightSource& source, int width);

}  // namespace estoc
