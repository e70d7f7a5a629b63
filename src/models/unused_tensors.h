// Tensors that a file has and the model does not use: parts of layers that the family does not compute.
#pragma once

#include <span>
#include <string_view>

#include "layers/load_context.h"

namespace estoc {

// Whether no forward pass reads such a tensor, in any family: left in old files.
bool is_leftover(std::string_view name);

// After a model of so many layers was built from `load`. Throws Error{unsupported} that names a tensor of one of its
// layers, or a bias, that nothing asked for; warns once of others. What begins as one of `other_heads` is left alone.
void refuse_unused_tensors(const LoadContext& load, std::string_view family, int layers,
                           std::span<const std::string_view> other_heads = {});

}  // namespace estoc
