// What the Llama family lends to families that differ from it in a layer's details only.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include "layers/layer_spec.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

// The layers of a config that spells them as Llama's does.
DecoderSpec describe_llama(const WeightSource& source);

// The parts: heads of a config whose hidden size is `hidden`, without a name; the sizes beside the layers.
AttentionSpec describe_attention(const ConfigReader& config, int hidden);
DecoderSpec describe_sizes(const ConfigReader& config);
// The width of the MLP, and the number of layers.
int mlp_width(const ConfigReader& config);
int layer_count(const ConfigReader& config);

}  // namespace estoc
