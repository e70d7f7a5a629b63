// What the dense Hunyuan family lends to its mixtures of experts.
#pragma once

#include "layers/layer_spec.h"
#include "weights/weight_source.h"

namespace estoc {

// Llama's layers with norms over the heads of queries and keys after the rotation.
DecoderSpec describe_hunyuan(const WeightSource& source);

}  // namespace estoc
