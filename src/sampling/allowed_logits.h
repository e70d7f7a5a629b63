// A row of logits without the tokens that a mask forbids.
//
// What: one pass over the row, compiled for the vector width of the CPU at hand (as sampling/logit_loops.h).
// Plain function, any thread. Errors: none.
#pragma once

#include <span>
#include <vector>

#include "sampling/token_mask.h"

namespace estoc {

// out[i] is logits[i] where the mask allows token i, else -inf. REQUIRES a mask of as many tokens.
void copy_allowed(std::span<const float> logits, const TokenMask& mask, std::vector<float>& out);

}  // namespace estoc
