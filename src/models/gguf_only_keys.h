// The keys of a GGUF file's model that config.json has no spelling for, so that weights/ does not translate them. The
// rule is config_keys.h's: a key that changes results is refused, one in no list is named once. A family that computes
// such a key gives it a spelling in weights/gguf_keys.cc. Pure functions; without keys for a Hugging Face folder.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/weight_source.h"

namespace estoc {

// "llama.ssm.conv_kernel (4)" of each that changes results and is none of `computes` ("ssm.conv_kernel"); 0, false and
// nothing at all ask for nothing.
std::vector<std::string> changing_gguf_keys(const WeightSource& source, std::span<const std::string_view> computes);

// "llama.new_thing" of each in no list.
std::vector<std::string> unknown_gguf_keys(const WeightSource& source);

}  // namespace estoc
