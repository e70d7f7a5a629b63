// The matrices of a mixture's experts as the CPU computes with them; layers/expert_tensors.h says in which ways files
// keep them.
#pragma once

#include "layers/load_context.h"
#include "layers/moe_spec.h"
#include "ops/experts.h"

namespace estoc {

// Throws Error{corrupt_file} where a tensor is missing or of another shape.
ExpertWeights load_experts(LoadContext& load, const MoeSpec& spec, int hidden);

}  // namespace estoc
