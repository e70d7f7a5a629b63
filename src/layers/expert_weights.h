// The matrices of a mixture's experts, in whichever way a checkpoint keeps them, for gate and up and for down alike:
//
//   `experts`.E.`gate`.weight [width, hidden]            a tensor an expert
//   `experts`.`gate`.weight [experts, width, hidden]     stacked (GGUF)
//   `experts`.`gate_up` [experts, 2 width, hidden]       both stacked in one, with or without ".weight"; transposed or
//                                                        with their rows in turn where the spec says so
//   `experts`.`gate_up`_blocks and _scales               the same in MXFP4, 16 bytes and a scale for 32 columns
//
// Biases are stacked: `experts`.`gate`.bias or `experts`.`gate_up`_bias, and so on.
#pragma once

#include "layers/load_context.h"
#include "layers/moe_spec.h"
#include "ops/experts.h"

namespace estoc {

// Throws Error{corrupt_file} where a tensor is missing or of another shape.
ExpertWeights load_experts(LoadContext& load, const MoeSpec& spec, int hidden);

}  // namespace estoc
