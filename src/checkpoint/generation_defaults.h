// What a model's files say about generating: the tokens that end an answer, and the sampling its authors recommend.
// Pure function. Values that cannot be used are left out with a warning: a model is not refused for a recommendation.
#pragma once

#include "sampling/params.h"
#include "tokenizer/tokenizer.h"
#include "weights/weight_source.h"

namespace estoc {

// End tokens are the union of generation_config's, config's and the tokenizer's, and of the well-known spellings in
// the vocabulary (tokenizer/end_spellings.h).
GenerationDefaults generation_defaults(const WeightSource& weights, const Tokenizer& tokenizer);

}  // namespace estoc
