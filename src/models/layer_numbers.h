// Numbers that GGUF files may have layer by layer, and config.json once: heads, widths. A layer that is not of the kind
// has 0.
// Errors: Error{corrupt_file} with file, key and what was expected.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "weights/config_reader.h"

namespace estoc {

// The number under `key` for each of `layers` layers; the config may have one number for all.
std::vector<int> layer_numbers(const ConfigReader& config, std::string_view key, int layers);

// The config with the largest number of all layers in place of a number a layer.
Json with_largest(const ConfigReader& config, std::initializer_list<std::string_view> keys);

// For every layer whether it attends, which a GGUF file tells by its key and value heads.
std::vector<bool> layers_with_kv_heads(const ConfigReader& config);

}  // namespace estoc
