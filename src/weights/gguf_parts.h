// Which files make up a split GGUF model.
#pragma once

#include <string>
#include <vector>

#include "weights/gguf_file.h"

namespace estoc {

// Paths of all parts, `path` first, by the metadata of the opened file: only `path` when the model is not split.
// Throws Error{unsupported} when `path` is not the first part or is not named "<name>-00001-of-<count>.gguf".
std::vector<std::string> gguf_part_paths(const std::string& path, const Metadata& metadata);

// Checks that file number `part` says it is that part of as many. Throws Error{corrupt_file}.
void check_gguf_part(const GgufFile& file, size_t part, size_t part_count);

// Checks the promised sum of tensors. Throws Error{corrupt_file}.
void check_gguf_tensor_count(const Metadata& first, size_t tensor_count);

}  // namespace estoc
