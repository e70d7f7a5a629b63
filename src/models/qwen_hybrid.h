// What Qwen's hybrids share, Qwen3-Next and Qwen3.5: of every few layers one attends, with a gate behind it, and the
// others are gated delta nets.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <string_view>

#include "layers/layer_spec.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

// The layers of such a config, with MLPs as Llama's unless it knows experts only, and with the projections of delta
// nets as Qwen3.5 keeps them.
DecoderSpec describe_qwen_hybrid(const WeightSource& source);

// Of Qwen3.5: GGUF files have the value heads of all key heads in turn.
DecoderSpec describe_qwen3_5(const WeightSource& source);

// Puts experts, and one that every row goes to, in the place of MLPs where the config has them.
void add_experts(const WeightSource& source, DecoderSpec& decoder);

// What GGUF files call their tensors; the keys of the list in config_keys.cc that are computed.
inline constexpr GgufRename kQwenHybridRenames[] = {{"attn_q_norm", "self_attn.q_norm"},
                                                    {"attn_k_norm", "self_attn.k_norm"},
                                                    {"post_attention_norm", "post_attention_layernorm"},
                                                    {"attn_qkv", "linear_attn.in_proj_qkv"},
                                                    {"attn_gate", "linear_attn.in_proj_z"},
                                                    {"ssm_in", "linear_attn.in_proj_qkvz"},
                                                    {"ssm_ba", "linear_attn.in_proj_ba"},
                                                    {"ssm_alpha", "linear_attn.in_proj_a"},
                                                    {"ssm_beta", "linear_attn.in_proj_b"},
                                                    {"ssm_conv1d", "linear_attn.conv1d"},
                                                    {"ssm_dt", "linear_attn.dt"},
                                                    {"ssm_norm", "linear_attn.norm"},
                                                    {"ssm_out", "linear_attn.out_proj"}};
inline constexpr std::string_view kQwenHybridKeys[] = {
    "attn_output_gate",       "full_attention_interval", "layer_types",
    "linear_conv_kernel_dim", "linear_key_head_dim",     "linear_num_key_heads",
    "linear_num_value_heads", "linear_value_head_dim",   "mrope_interleaved",
    "mrope_section",          "partial_rotary_factor",   "ssm_conv_kernel",
    "ssm_group_count",        "ssm_inner_size",          "ssm_state_size",
    "ssm_time_step_rank"};
// The same with experts.
inline constexpr std::string_view kQwenHybridMoeKeys[] = {"attn_output_gate",
                                                          "full_attention_interval",
                                                          "layer_types",
                                                          "linear_conv_kernel_dim",
                                                          "linear_key_head_dim",
                                                          "linear_num_key_heads",
                                                          "linear_num_value_heads",
                                                          "linear_value_head_dim",
                                                          "mrope_interleaved",
                                                          "mrope_section",
                                                          "partial_rotary_factor",
                                                          "ssm_conv_kernel",
                                                          "ssm_group_count",
                                                          "ssm_inner_size",
                                                          "ssm_state_size",
                                                          "ssm_time_step_rank",
                                                          "num_experts",
                                                          "num_local_experts",
                                                          "shared_expert_intermediate_size"};

}  // namespace estoc
