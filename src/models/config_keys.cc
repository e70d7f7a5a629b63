#include "models/config_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "base/log.h"
#include "models/gguf_only_keys.h"
#include "weights/byte_reader.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

// The value that changes nothing; null never does.
enum class Neutral {
  off,              // false, 0, "", [] or {}
  on,               // true
  one,              // 1
  ones,             // [1, 1, ...]
  head_dim,         // as many as a head has
  attention_scale,  // 1 / sqrt(head_dim)
  layer_types,      // what the layers' windows say already
};

struct ComputedKey {
  std::string_view key;
  Neutral neutral;
};

constexpr ComputedKey kComputedKeys[] = {
    // Positions.
    {"partial_rotary_factor", Neutral::one},
    {"rotary_pct", Neutral::one},
    {"rotary_dim", Neutral::head_dim},
    {"window_rotary_dim", Neutral::head_dim},
    {"rope_interleaved", Neutral::off},
    {"rope_interleave", Neutral::off},
    {"rope_traditional", Neutral::off},
    {"rope_local_base_freq", Neutral::off},
    {"mrope_section", Neutral::off},
    {"no_rope_layers", Neutral::ones},
    {"no_rope_layer_interval", Neutral::off},
    {"nope_layer_interval", Neutral::off},
    {"alibi", Neutral::off},
    {"alibi_bias_max", Neutral::off},
    // Attention.
    {"attention_multiplier", Neutral::attention_scale},
    {"query_pre_attn_scalar", Neutral::head_dim},
    {"attn_logit_softcapping", Neutral::off},
    {"attn_temperature_tuning", Neutral::off},
    {"attn_temperature_scale", Neutral::off},
    {"clip_qkv", Neutral::off},
    {"use_qk_norm", Neutral::off},
    {"qk_norm", Neutral::off},
    {"qk_layernorm", Neutral::off},
    {"attention_sinks", Neutral::off},
    {"sparse_config", Neutral::off},
    {"attn_output_gate", Neutral::off},
    {"v_head_dim", Neutral::head_dim},
    {"window_head_dim", Neutral::head_dim},
    {"window_v_head_dim", Neutral::head_dim},
    {"q_lora_rank", Neutral::off},
    {"kv_lora_rank", Neutral::off},
    {"qk_nope_head_dim", Neutral::off},
    {"qk_rope_head_dim", Neutral::off},
    {"num_kv_shared_layers", Neutral::off},
    {"attention_k_eq_v", Neutral::off},
    {"global_head_dim", Neutral::head_dim},
    {"num_global_key_value_heads", Neutral::off},
    {"per_layer_config", Neutral::off},
    {"use_sliding_window", Neutral::off},
    {"sliding_window_pattern", Neutral::off},
    {"attention_chunk_size", Neutral::off},
    {"layer_types", Neutral::layer_types},
    {"full_attention_interval", Neutral::off},
    {"full_attn_idxs", Neutral::off},
    {"attn_layer_indices", Neutral::off},
    {"hybrid_override_pattern", Neutral::off},
    {"layers_block_type", Neutral::layer_types},
    {"is_causal", Neutral::on},
    {"scale_attn_weights", Neutral::on},
    {"scale_attn_by_inverse_layer_idx", Neutral::off},
    {"use_bidirectional_attention", Neutral::off},
    {"add_cross_attention", Neutral::off},
    {"is_encoder_decoder", Neutral::off},
    {"local_attention", Neutral::off},
    {"global_attn_every_n_layers", Neutral::off},
    {"classifier_pooling", Neutral::off},
    {"prenorm", Neutral::off},
    {"parallel_block", Neutral::off},
    {"use_rms_norm", Neutral::off},
    {"rotary_emb_interleaved", Neutral::off},
    {"rotary_emb_fraction", Neutral::one},
    {"rotary_emb_scale_base", Neutral::off},
    {"rotary_scaling_factor", Neutral::off},
    {"causal", Neutral::off},
    // The residual stream.
    {"embedding_multiplier", Neutral::one},
    {"scale_emb", Neutral::one},
    {"residual_multiplier", Neutral::one},
    {"scale_depth", Neutral::off},
    {"dim_model_base", Neutral::off},
    {"use_parallel_residual", Neutral::off},
    {"parallel_attn", Neutral::off},
    {"sandwich_norm", Neutral::off},
    {"post_norm", Neutral::off},
    {"hidden_size_per_layer_input", Neutral::off},
    {"attention_in_multiplier", Neutral::one},
    {"attention_out_multiplier", Neutral::one},
    {"key_multiplier", Neutral::one},
    {"mlp_multipliers", Neutral::ones},
    {"ssm_in_multiplier", Neutral::one},
    {"ssm_multipliers", Neutral::ones},
    {"ssm_out_multiplier", Neutral::one},
    // The layer's second half.
    {"use_double_wide_mlp", Neutral::off},
    {"enable_moe_block", Neutral::off},
    {"num_experts", Neutral::off},
    {"num_local_experts", Neutral::off},
    {"n_routed_experts", Neutral::off},
    {"moe_num_experts", Neutral::off},
    {"shared_expert_intermediate_size", Neutral::off},
    {"moe_latent_size", Neutral::off},
    {"xielu_alpha_p", Neutral::off},
    {"xielu_alpha_n", Neutral::off},
    {"xielu_beta", Neutral::off},
    {"xielu_eps", Neutral::off},
    {"first_k_dense_replace", Neutral::off},
    {"moe_layer_freq", Neutral::one},
    {"moe_layer_interval", Neutral::one},
    {"mlp_layer_types", Neutral::off},
    {"swiglu_limit", Neutral::off},
    {"block_ff_dim", Neutral::off},
    {"block_auto_adjust_ff_dim", Neutral::off},
    {"block_ffn_dim_multiplier", Neutral::one},
    {"block_multiple_of", Neutral::off},
    // Convolutions.
    {"conv_L_cache", Neutral::off},
    {"conv_bias", Neutral::off},
    {"linear_conv_kernel_dim", Neutral::off},
    {"ssm_conv_kernel", Neutral::off},
    // Recurrent states.
    {"linear_key_head_dim", Neutral::off},
    {"linear_num_key_heads", Neutral::off},
    {"linear_num_value_heads", Neutral::off},
    {"linear_value_head_dim", Neutral::off},
    {"ssm_group_count", Neutral::off},
    {"ssm_inner_size", Neutral::off},
    {"ssm_state_size", Neutral::off},
    {"ssm_time_step_rank", Neutral::off},
    {"ssm_dt_b_c_rms", Neutral::off},
    // Norms.
    {"norm_eps", Neutral::off},
    // Logits.
    {"logits_scaling", Neutral::one},
    {"lm_head_multiplier", Neutral::one},
    {"logit_scale", Neutral::one},
    {"final_logit_softcapping", Neutral::off},
};

// Inside rope_scaling and rope_parameters.
constexpr ComputedKey kComputedRopeKeys[] = {
    {"partial_rotary_factor", Neutral::one},
    {"log_multiplier", Neutral::off},
    {"llama_4_scaling_beta", Neutral::off},
    {"mrope_section", Neutral::off},
    {"mrope_interleaved", Neutral::off},
    // A set of its own for each kind of layer.
    {"full_attention", Neutral::off},
    {"sliding_attention", Neutral::off},
    {"main", Neutral::off},
    {"compress", Neutral::off},
};

// Read by every family, or without any meaning for what is computed.
constexpr std::string_view kPlainKeys[] = {
    "_attn_implementation",
    "_name_or_path",
    "_sliding_window_pattern",
    "activation",
    "activation_function",
    "architectures",
    "attention_bias",
    "attention_dropout",
    "attention_out_bias",
    "attention_probs_dropout_prob",
    "attn_implementation",
    "attn_layer_offset",
    "attn_layer_period",
    "attn_pdrop",
    "auto_map",
    "aux_loss_alpha",
    "bias",
    "bos_token_id",
    "chunk_size",
    "chunk_size_feed_forward",
    "classifier_activation",
    "classifier_bias",
    "classifier_dropout",
    "cls_token_id",
    "conv_kernel",
    "decoder_bias",
    "decoder_sparse_step",
    "decoder_start_token_id",
    "dense_seq_output",
    "deterministic_flash_attn",
    "dim",
    "directionality",
    "diversity_penalty",
    "do_sample",
    "dropout",
    "dtype",
    "early_stopping",
    "embd_pdrop",
    "embedding_dropout",
    "embedding_initializer_range",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "ep_size",
    "expand",
    "expert_gating_func",
    "experts_per_token",
    "expert_layer_offset",
    "expert_layer_period",
    "exponential_decay_length_penalty",
    "ffn_hidden_size",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "fused_bias_fc",
    "fused_dropout_add_ln",
    "global_rope_theta",
    "gradient_checkpointing",
    "head_dim",
    "hidden_act",
    "hidden_activation",
    "hidden_dim",
    "hidden_dropout",
    "hidden_dropout_prob",
    "hidden_size",
    "id2label",
    "initializer_cutoff_factor",
    "initializer_range",
    "intermediate_size",
    "is_decoder",
    "is_llama_config",
    "label2id",
    "last_layer_subset",
    "layer_norm_eps",
    "layer_norm_epsilon",
    "length_penalty",
    "local_rope_theta",
    "mamba_chunk_size",
    "mamba_conv_bias",
    "mamba_d_conv",
    "mamba_d_head",
    "mamba_d_ssm",
    "mamba_d_state",
    "mamba_dt_rank",
    "mamba_expand",
    "mamba_head_dim",
    "mamba_hidden_act",
    "mamba_n_groups",
    "mamba_n_heads",
    "mamba_norm_before_gate",
    "mamba_num_heads",
    "mamba_proj_bias",
    "mamba_rms_norm",
    "mamba_ssm_cache_dtype",
    "mamba_ssm_dtype",
    "max_length",
    "max_position_embeddings",
    "max_sequence_length",
    "max_trained_positions",
    "max_window_layers",
    "min_length",
    "mlp_bias",
    "mlp_dropout",
    "mlp_fc1_bias",
    "mlp_fc2_bias",
    "mlp_hidden_act",
    "mixer_rms_eps",
    "mlp_only_layers",
    "model_type",
    "moe_intermediate_size",
    "moe_k",
    "moe_layer_end_index",
    "moe_layer_start_index",
    "moe_norm_min",
    "moe_num_shared_experts",
    "moe_shared_expert_intermediate_size",
    "moe_shared_expert_overlap",
    "mtp_num_hidden_layers",
    "mtp_use_dedicated_embeddings",
    "multi_query",
    "n_ctx",
    "n_embd",
    "n_embed",
    "n_group",
    "n_groups",
    "n_head",
    "n_head_kv",
    "n_heads",
    "n_inner",
    "n_layer",
    "n_layers",
    "n_positions",
    "n_shared_experts",
    "new_decoder_architecture",
    "no_repeat_ngram_size",
    "norm_bias",
    "norm_epsilon",
    "norm_topk_prob",
    "num_attention_heads",
    "num_beam_groups",
    "num_beams",
    "num_dense_layers",
    "num_experts_per_tok",
    "num_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "num_kv_heads",
    "num_ln_in_parallel_attn",
    "num_logits_to_keep",
    "num_mtp_layers",
    "num_nextn_predict_layers",
    "num_return_sequences",
    "original_max_position_embeddings",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_router_logits",
    "output_scores",
    "pad_token_id",
    "pad_vocab_size_multiple",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
    "position_embedding_type",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "projectors_bias",
    "pruned_heads",
    "qa_dropout",
    "qk_head_dim",
    "qkv_bias",
    "qkv_proj_bias",
    "quantization_config",
    "reference_compile",
    "remove_invalid_values",
    "reorder_and_upcast_attn",
    "repad_logits_with_grad",
    "repetition_penalty",
    "rescale_prenorm_residual",
    "resid_pdrop",
    "residual_dropout",
    "residual_in_fp32",
    "return_dict",
    "return_dict_in_generate",
    "rms_norm_eps",
    "rope_finetuned",
    "rope_freqs_tensor",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "rotary_emb_base",
    "routed_scaling_factor",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "scoring_func",
    "sep_token_id",
    "seq_aux",
    "seq_classif_dropout",
    "shared_intermediate_size",
    "sinusoidal_pos_embds",
    "sliding_window",
    "sparse_pred_ignore_index",
    "sparse_prediction",
    "state_size",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "suppress_tokens",
    "swiglu_alpha",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_embedding",
    "tie_encoder_decoder",
    "tie_weights_",
    "tie_word_embeddings",
    "time_step_floor",
    "time_step_init_scheme",
    "time_step_limit",
    "time_step_max",
    "time_step_min",
    "time_step_rank",
    "time_step_scale",
    "tokenizer_class",
    "top_k",
    "top_k_experts",
    "top_p",
    "topk_group",
    "topk_method",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "type_vocab_size",
    "typical_p",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_associative_scan",
    "use_bfloat16",
    "use_bias",
    "use_cache",
    "use_conv_bias",
    "use_flash_attn",
    "use_mamba_kernels",
    "use_mambapy",
    "use_expert_bias",
    "use_falcon_mambapy",
    "use_qkv_bias",
    "use_xentropy",
    "vocab_size",
    "vocab_size_per_layer_input",
    "z_loss_coefficient",
};

// Read by layers/rope.cc, or without meaning for the types of scaling that it computes.
constexpr std::string_view kPlainRopeKeys[] = {
    "alpha",
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "factor",
    "finetuned",
    "high_freq_factor",
    "long_factor",
    "low_freq_factor",
    "max_position_embeddings",
    "mscale",
    "mscale_all_dim",
    "original_max_position_embeddings",
    "rope_theta",
    "rope_type",
    "short_factor",
    "truncate",
    "type",
};

constexpr const char* kRopeObjects[] = {"rope_scaling", "rope_parameters"};

bool is_off(const Json& value) {
  if (value.is_bool()) return !value.as_bool();
  if (value.is_number()) return value.as_double() == 0;
  if (value.is_string()) return value.as_string().empty();
  return value.is_array() ? value.as_array().empty() : value.as_object().empty();
}

bool is_number(const Json& value, double wanted, double tolerance = 0) {
  return value.is_number() && std::abs(value.as_double() - wanted) <= tolerance;
}

bool describes_windows(const Json& value, const ModelInfo& info) {
  if (!value.is_array() || value.as_array().size() != static_cast<size_t>(info.layers)) return false;
  for (int layer = 0; layer < info.layers; ++layer) {
    const PagedState* state = info.state.paged(layer);
    const bool has_window = state != nullptr && state->window > 0;
    if (value.as_array()[static_cast<size_t>(layer)] != Json(has_window ? "sliding_attention" : "full_attention"))
      return false;
  }
  return true;
}

bool is_neutral(const Json& value, Neutral neutral, const ModelInfo& info) {
  switch (neutral) {
    case Neutral::off:
      return is_off(value);
    case Neutral::on:
      return value.is_bool() && value.as_bool();
    case Neutral::one:
      return is_number(value, 1);
    case Neutral::ones:
      return value.is_array() &&
             std::ranges::all_of(value.as_array(), [](const Json& item) { return is_number(item, 1); });
    case Neutral::head_dim:
      return is_number(value, info.head_dim);
    case Neutral::attention_scale:
      return is_number(value, 1 / std::sqrt(static_cast<double>(info.head_dim)), 1e-6);
    case Neutral::layer_types:
      return describes_windows(value, info);
  }
  return false;
}

// "residual_multiplier (0.22), logits_scaling (8)" of those that are neither neutral nor computed.
void add_uncomputed(const ConfigReader& config, std::span<const ComputedKey> keys,
                    std::span<const std::string_view> computes, const ModelInfo& info, std::string& found) {
  for (const ComputedKey& key : keys) {
    const Json* value = config.find(key.key);
    if (value == nullptr || is_neutral(*value, key.neutral, info)) continue;
    if (std::ranges::find(computes, key.key) != computes.end()) continue;
    if (!found.empty()) found += ", ";
    found += config.spelling(key.key) + " (" + shown(to_json(*value)) + ")";
  }
}

// The keys of `config` in neither list.
void add_unknown(const ConfigReader& config, std::span<const std::string_view> plain,
                 std::span<const ComputedKey> computed, std::vector<std::string>& found) {
  for (const auto& [key, value] : config.json().as_object()) {
    if (value.is_null() || std::ranges::find(plain, key) != plain.end()) continue;
    if (std::ranges::find(computed, key, &ComputedKey::key) == computed.end()) {
      found.push_back(shown(config.spelling(key)));
    }
  }
}

}  // namespace

void refuse_uncomputed(const WeightSource& source, std::string_view family, std::span<const std::string_view> computes,
                       const ModelInfo& info) {
  const ConfigReader config(source);
  std::string found;
  add_uncomputed(config, kComputedKeys, computes, info, found);
  for (const char* rope : kRopeObjects) {
    add_uncomputed(config.object(rope), kComputedRopeKeys, computes, info, found);
  }
  for (const std::string& key : changing_gguf_keys(source, computes)) found += (found.empty() ? "" : ", ") + key;
  if (found.empty()) return;
  fail(ErrorCode::unsupported, "{}: {}: what this asks for is not computed in the family '{}'", config.file(), found,
       family);
}

std::vector<std::string> unknown_keys(const WeightSource& source) {
  const ConfigReader config(source);
  std::vector<std::string> found;
  add_unknown(config, kPlainKeys, kComputedKeys, found);
  for (const char* rope : kRopeObjects) add_unknown(config.object(rope), kPlainRopeKeys, kComputedRopeKeys, found);
  std::ranges::copy(unknown_gguf_keys(source), std::back_inserter(found));
  return found;
}

void warn_of_unknown_keys(const WeightSource& source) {
  constexpr size_t kShownMax = 20;
  const std::vector<std::string> names = unknown_keys(source);
  if (names.empty()) return;
  const auto shown_end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kShownMax));
  log_warn("{}: not known here and ignored: {}{}", ConfigReader(source).file(),
           fmt::join(names.begin(), shown_end, ", "), names.size() > kShownMax ? ", ..." : "");
}

}  // namespace estoc
