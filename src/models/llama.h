// What the Llama family lends to families that differ from it in a layer's details only.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include "layers/layer_spec.h"
#include "weights/weight_source.h"

namespace estoc {

// The layers of a config that spells them as Llama's does.
DecoderSpec describe_llama(const WeightSource& source);

}  // namespace estoc
