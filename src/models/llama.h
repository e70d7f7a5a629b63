// What the Llama family lends to families that differ from it in a layer's details only.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "layers/layer_spec.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

// The layers of a config that spells them as Llama's does.
DecoderSpec describe_llama(const WeightSource& source);

// The parts: heads of a config whose hidden size is `hidden`, without names; the sizes beside the layers.
AttentionSpec describe_attention(const ConfigReader& config, int hidden);
DecoderSpec describe_sizes(const ConfigReader& config);
// q_proj, k_proj, v_proj and `output` under `name`.
void name_attention(AttentionSpec& attention, const std::string& name, std::string_view output = "o_proj");
// gate_proj, up_proj and down_proj under `name`.
GatedMlpSpec gated_mlp(const std::string& name, int width, Activation activation = Activation::silu);
// The width of the MLP, and the number of layers.
int mlp_width(const ConfigReader& config);
int layer_count(const ConfigReader& config);
// The activation under `key`; `fallback` where the config does not say.
Activation read_activation(const ConfigReader& config, std::string_view key, std::string_view fallback);
// For every layer whether layer_types calls it `kind`; the other kind it may name is `other`. Empty without the list.
std::vector<bool> layers_of_type(const ConfigReader& config, int layers, std::string_view kind, std::string_view other);

}  // namespace estoc
