// A Hugging Face model directory as a WeightSource: config.json, generation_config.json and safetensors, whole or in
// shards listed by model.safetensors.index.json. Of a checkpoint that has more than a text model, the text model.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "weights/weight_source.h"

namespace estoc {

std::unique_ptr<WeightSource> open_hf_directory(const std::string& path, std::span<const NamingRules* const> rules);

}  // namespace estoc
