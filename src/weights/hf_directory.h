// A Hugging Face model directory as a WeightSource: config.json, generation_config.json and safetensors, whole or in
// shards listed by model.safetensors.index.json.
#pragma once

#include <memory>
#include <string>

#include "weights/weight_source.h"

namespace estoc {

std::unique_ptr<WeightSource> open_hf_directory(const std::string& path);

}  // namespace estoc
