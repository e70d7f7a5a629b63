// The tensors of one safetensors file.
//
// Layout (safetensors' README): u64 length of the header | header, a JSON object | data. An entry of the header is
// "name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [begin, end]}, offsets counted from the start of the data,
// which the tensors cover without overlap and without holes. Tensors may lie at any address.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "weights/weight_source.h"

namespace estoc {

// Tensors in the order of their data; they point into `bytes`, which must outlive them. Any thread.
// Throws Error{corrupt_file, unsupported} in one sentence that starts with `file`.
std::vector<WeightTensor> parse_safetensors(std::span<const std::byte> bytes, const std::string& file);

}  // namespace estoc
