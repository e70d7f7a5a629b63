// What the Gemma generations share: norms that keep what is to be added to one, an embedding scaled by the square root
// of its width, a tanh approximation of GELU, heads of a width of their own.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include "layers/layer_spec.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

// Gemma 1: the layers are Llama's.
DecoderSpec describe_gemma(const WeightSource& source);

// Gemma 3, its text (gemma3.cc).
DecoderSpec describe_gemma3(const WeightSource& source);

// What Gemma 2 made of it: each part's result is normed too, scores and logits are capped, and every `pattern`th layer
// sees all of the past where layer_types does not say which do; the others see a window.
void make_sandwich(const WeightSource& source, int pattern, DecoderSpec& decoder);

}  // namespace estoc
