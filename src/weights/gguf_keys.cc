#include "weights/gguf_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace estoc {
namespace {

using Kind = GgufKey::Kind;

constexpr GgufKey kModelKeys[] = {
    {"vocab_size", "vocab_size", Kind::count},
    {"context_length", "max_position_embeddings", Kind::count},
    {"embedding_length", "hidden_size", Kind::count},
    {"block_count", "num_hidden_layers", Kind::count},
    {"feed_forward_length", "intermediate_size", Kind::count},
    {"attention.head_count", "num_attention_heads", Kind::count},
    {"attention.head_count_kv", "num_key_value_heads", Kind::count},
    {"attention.key_length", "head_dim", Kind::count},
    {"attention.value_length", "v_head_dim", Kind::count},
    {"attention.key_length_swa", "window_head_dim", Kind::count},
    {"attention.value_length_swa", "window_v_head_dim", Kind::count},
    {"attention.sliding_window", "sliding_window", Kind::count},
    {"attention.sliding_window_pattern", "sliding_window_pattern", Kind::pattern},
    {"attention.shared_kv_layers", "num_kv_shared_layers", Kind::count},
    {"attention.q_lora_rank", "q_lora_rank", Kind::count},
    {"attention.kv_lora_rank", "kv_lora_rank", Kind::count},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", Kind::real},
    {"attention.layer_norm_epsilon", "layer_norm_eps", Kind::real},
    {"attention.clamp_kqv", "clip_qkv", Kind::multiplier},
    {"attention.max_alibi_bias", "alibi_bias_max", Kind::multiplier},
    {"attention.causal", "is_causal", Kind::flag},
    {"attention.scale", "attention_multiplier", Kind::multiplier},
    {"attention.temperature_scale", "attn_temperature_scale", Kind::multiplier},
    {"attn_logit_softcapping", "attn_logit_softcapping", Kind::multiplier},
    {"final_logit_softcapping", "final_logit_softcapping", Kind::multiplier},
    {"embedding_scale", "embedding_multiplier", Kind::multiplier},
    {"residual_scale", "residual_multiplier", Kind::multiplier},
    {"logit_scale", "logits_scaling", Kind::multiplier},
    {"use_parallel_residual", "use_parallel_residual", Kind::flag},
    {"embedding_length_per_layer_input", "hidden_size_per_layer_input", Kind::count},
    {"leading_dense_block_count", "first_k_dense_replace", Kind::count},
    {"interleave_moe_layer_step", "moe_layer_interval", Kind::count},
    {"nextn_predict_layers", "num_nextn_predict_layers", Kind::count},
    {"full_attention_interval", "full_attention_interval", Kind::count},
    {"ssm.conv_kernel", "ssm_conv_kernel", Kind::count},
    {"ssm.group_count", "ssm_group_count", Kind::count},
    {"ssm.inner_size", "ssm_inner_size", Kind::count},
    {"ssm.state_size", "ssm_state_size", Kind::count},
    {"ssm.time_step_rank", "ssm_time_step_rank", Kind::count},
    {"ssm.dt_b_c_rms", "ssm_dt_b_c_rms", Kind::flag},
    {"shortconv.l_cache", "conv_L_cache", Kind::count},
    {"rope.freq_base", "rope_theta", Kind::real},
    {"rope.freq_base_swa", "rope_local_base_freq", Kind::real},
    {"rope.dimension_sections", "mrope_section", Kind::count},
    {"rope.dimension_count_swa", "window_rotary_dim", Kind::count},
    {"rope.scaling.finetuned", "rope_finetuned", Kind::flag},
    {"expert_count", "num_experts", Kind::count},
    {"expert_used_count", "num_experts_per_tok", Kind::count},
    {"expert_feed_forward_length", "moe_intermediate_size", Kind::count},
    {"expert_shared_count", "n_shared_experts", Kind::count},
    {"expert_weights_norm", "norm_topk_prob", Kind::flag},
    {"expert_weights_scale", "routed_scaling_factor", Kind::multiplier},
    {"expert_group_count", "n_group", Kind::count},
    {"expert_group_used_count", "topk_group", Kind::count},
    {"expert_gating_func", "expert_gating_func", Kind::count},
    {"expert_shared_feed_forward_length", "shared_expert_intermediate_size", Kind::count},
    {"moe_latent_size", "moe_latent_size", Kind::count},
};

constexpr GgufKey kActivationKeys[] = {
    {"xielu.alpha_p", "xielu_alpha_p", Kind::reals},
    {"xielu.alpha_n", "xielu_alpha_n", Kind::reals},
    {"xielu.beta", "xielu_beta", Kind::reals},
    {"xielu.eps", "xielu_eps", Kind::reals},
};

constexpr GgufKey kRopeScalingKeys[] = {
    {"rope.scaling.factor", "factor", Kind::real},
    {"rope.scaling.original_context_length", "original_max_position_embeddings", Kind::count},
    {"rope.scaling.attn_factor", "attention_factor", Kind::real},
    {"rope.scaling.yarn_attn_factor", "attention_factor", Kind::real},
    {"rope.scaling.yarn_beta_fast", "beta_fast", Kind::real},
    {"rope.scaling.yarn_beta_slow", "beta_slow", Kind::real},
    {"rope.scaling.yarn_log_multiplier", "log_multiplier", Kind::multiplier},
};

constexpr GgufKey kSamplingKeys[] = {
    {"general.sampling.temp", "temperature", Kind::real},
    {"general.sampling.top_k", "top_k", Kind::integer},
    {"general.sampling.top_p", "top_p", Kind::real},
    {"general.sampling.min_p", "min_p", Kind::real},
    {"general.sampling.penalty_repeat", "repetition_penalty", Kind::real},
};

// Read by name in gguf_config.cc, or without any meaning for what is computed.
constexpr std::string_view kOtherKeys[] = {
    "attention.key_length_mla", "attention.value_length_mla", "rope.dimension_count", "rope.scaling.type",
    "rope.scale_linear",        "rope.scaling.finetuned",     "tensor_data_layout"};

const GgufKey* find_by_name(std::span<const GgufKey> keys, std::string_view hugging_face) {
  const auto it = std::ranges::find(keys, hugging_face, &GgufKey::hugging_face);
  return it == keys.end() ? nullptr : &*it;
}

}  // namespace

std::span<const GgufKey> gguf_model_keys() { return kModelKeys; }
std::span<const GgufKey> gguf_rope_scaling_keys() { return kRopeScalingKeys; }
std::span<const GgufKey> gguf_activation_keys() { return kActivationKeys; }
std::span<const GgufKey> gguf_sampling_keys() { return kSamplingKeys; }

bool is_known_gguf_key(std::string_view key) {
  return std::ranges::find(kModelKeys, key, &GgufKey::gguf) != std::end(kModelKeys) ||
         std::ranges::find(kRopeScalingKeys, key, &GgufKey::gguf) != std::end(kRopeScalingKeys) ||
         std::ranges::find(kOtherKeys, key) != std::end(kOtherKeys);
}

std::string gguf_spelling(std::string_view architecture, std::string_view path) {
  constexpr std::string_view kRope = "rope_scaling.";
  if (path == "partial_rotary_factor" || path == "qk_rope_head_dim") {
    return fmt::format("{}.rope.dimension_count", architecture);
  }
  if (path == "qk_nope_head_dim") return fmt::format("{}.attention.key_length_mla", architecture);
  if (path == "rope_scaling.rope_type") return fmt::format("{}.rope.scaling.type", architecture);
  const bool is_rope = path.starts_with(kRope);
  const GgufKey* found =
      is_rope ? find_by_name(kRopeScalingKeys, path.substr(kRope.size())) : find_by_name(kModelKeys, path);
  return found == nullptr ? std::string() : fmt::format("{}.{}", architecture, found->gguf);
}

}  // namespace estoc
