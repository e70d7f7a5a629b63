// What the dense Qwen3 family lends to its mixtures of experts.
#pragma once

#include "layers/layer_spec.h"
#include "weights/weight_source.h"

namespace estoc {

// Llama's layers with norms over the heads of queries and keys.
DecoderSpec describe_qwen3(const WeightSource& source);

}  // namespace estoc
