// The tensors of one safetensors file without a config: a module that stands in a folder beside a checkpoint.
#pragma once

#include <memory>
#include <string>

#include "weights/weight_source.h"

namespace estoc {

// `path`: of the file. Throws Error{not_found, corrupt_file, unsupported, io}.
std::unique_ptr<WeightSource> open_module_weights(const std::string& path);

}  // namespace estoc
