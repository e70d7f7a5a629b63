// Tensors that a file has and the model does not use: parts of layers that the family does not compute.
#pragma once

#include "layers/load_context.h"
#include "models/family.h"
#include "models/model.h"

namespace estoc {

// Whether no forward pass reads such a tensor, in any family: left in old files.
bool is_leftover(std::string_view name);

// After the model was built from `load`. Throws Error{unsupported} that names a tensor of one of its layers, or a bias,
// that nothing asked for; warns once of others.
void refuse_unused_tensors(const LoadContext& load, const ModelFamily& family, const ModelInfo& info);

}  // namespace estoc
