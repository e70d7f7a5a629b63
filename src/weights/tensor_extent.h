// Whether tensors fit where a file says they are. Overflow-safe; shared by both containers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quant/format.h"

namespace estoc {

// Bytes of a tensor, or nothing when a dimension is negative or the product leaves int64. [] is one element.
// The last dimension must be a multiple of the format's block (checked by the caller, who words the message).
std::optional<int64_t> tensor_bytes(std::span<const int64_t> shape, const QuantFormat& format);

// "[2, 3]", for messages.
std::string shape_text(std::span<const int64_t> shape);

struct TensorExtent {
  std::string_view name;
  uint64_t begin, end;  // bytes from the start of the data section
};

// Sorts by place and throws Error{corrupt_file} when two tensors share a byte.
void refuse_overlap(std::vector<TensorExtent>& extents, const std::string& file);

}  // namespace estoc
