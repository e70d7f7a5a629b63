// What families with mixtures of experts share: the sizes, in the spellings of their configs, and the common names.
// Errors: Error{corrupt_file} with file, key and what was expected.
#pragma once

#include <string>

#include "layers/layer_spec.h"
#include "weights/config_reader.h"

namespace estoc {

// Experts of a layer; 0 where the config names none.
int expert_count(const ConfigReader& config);

// A mixture at `name`: router `name`.gate, experts `name`.experts, both sizes from the config: num_experts_per_tok, and
// moe_intermediate_size or else intermediate_size. The rule is a softmax over all experts.
MoeSpec read_mixture(const ConfigReader& config, const std::string& name);

// What DeepSeek adds to it: groups where there are several, routed_scaling_factor, and shared experts at
// `name`.shared_experts that every row goes to.
MoeSpec read_grouped_mixture(const ConfigReader& config, const std::string& name);
// The rule of DeepSeek V3 and those after it: sigmoids and a correction that chooses beside that.
MoeSpec read_sigmoid_mixture(const ConfigReader& config, const std::string& name);

// Which layers are mixtures by decoder_sparse_step and mlp_only_layers (Qwen).
bool is_sparse_layer(const ConfigReader& config, int layer);

}  // namespace estoc
