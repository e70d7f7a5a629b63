// What the LFM2 families share: attention with head norms, and between such layers short convolutions.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <string_view>

#include "layers/layer_spec.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

// What GGUF files call their tensors.
inline constexpr GgufRename kLfm2Renames[] = {{"attn_norm", "operator_norm"},
                                              {"ffn_norm", "ffn_norm"},
                                              {"attn_q_norm", "self_attn.q_layernorm"},
                                              {"attn_k_norm", "self_attn.k_layernorm"},
                                              {"attn_output", "self_attn.out_proj"},
                                              {"shortconv.in_proj", "conv.in_proj"},
                                              {"shortconv.conv", "conv.conv"},
                                              {"shortconv.out_proj", "conv.out_proj"},
                                              {"ffn_gate", "feed_forward.w1"},
                                              {"ffn_up", "feed_forward.w3"},
                                              {"ffn_down", "feed_forward.w2"},
                                              // With experts.
                                              {"ffn_gate_inp", "feed_forward.gate"},
                                              {"exp_probs_b.bias", "feed_forward.expert_bias"},
                                              {"ffn_gate_exps", "feed_forward.experts.w1"},
                                              {"ffn_up_exps", "feed_forward.experts.w3"},
                                              {"ffn_down_exps", "feed_forward.experts.w2"}};
inline constexpr GgufRename kLfm2ModelRenames[] = {{"token_embd_norm", "model.embedding_norm"},
                                                   {"output_norm", "model.embedding_norm"}};

// The layers, with MLPs of `width`.
DecoderSpec describe_lfm2(const WeightSource& source, int width);

}  // namespace estoc
