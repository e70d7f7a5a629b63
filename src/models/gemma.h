// What the Gemma generations share: norms that keep what is to be added to one, an embedding scaled by the square root
// of its width, a tanh approximation of GELU, heads of a width of their own.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include "layers/layer_spec.h"
#include "weights/config_reader.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

// What GGUF calls tensors of Gemma 3's layers where the common table has another name for them.
inline constexpr GgufRename kGemma3Renames[] = {{"post_attention_norm", "post_attention_layernorm"},
                                                {"ffn_norm", "pre_feedforward_layernorm"},
                                                {"post_ffw_norm", "post_feedforward_layernorm"},
                                                {"attn_q_norm", "self_attn.q_norm"},
                                                {"attn_k_norm", "self_attn.k_norm"}};

// Gemma 1: the layers are Llama's.
DecoderSpec describe_gemma(const WeightSource& source);

// Gemma 3, its text (gemma3.cc).
DecoderSpec describe_gemma3(const WeightSource& source);

// What Gemma 2 made of it: each part's result is normed too, scores and logits are capped, and every `pattern`th layer
// sees all of the past where layer_types does not say which do; the others see a window.
void make_sandwich(const WeightSource& source, int pattern, DecoderSpec& decoder);

}  // namespace estoc
