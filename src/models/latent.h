// What families with multi-head latent attention share: DeepSeek's layers, whose sizes configs spell alike.
// Errors: Error{corrupt_file} with file, key and what was expected.
#pragma once

#include <vector>

#include "layers/layer_spec.h"
#include "weights/config_reader.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

struct LatentOptions {
  bool is_interleaved = true;     // neighbours turn together, where rope_interleave does not say
  double epsilon = 1e-6;          // of the norms around the layers, where the config does not say
  bool is_share_of_head = false;  // partial_rotary_factor is the turned part's share of a head; else it is not read
};

// Latent attention and gated MLPs as wide as intermediate_size in all layers, and the norms before both. Families that
// begin with it compute the keys kv_lora_rank, partial_rotary_factor (of GGUF), q_lora_rank, qk_nope_head_dim,
// qk_rope_head_dim, rope_interleave and v_head_dim.
DecoderSpec describe_latent(const WeightSource& source, const LatentOptions& options = {});

// For every layer whether it has experts: by mlp_layer_types, or those behind the first first_k_dense_replace.
std::vector<bool> layers_with_experts(const ConfigReader& config, size_t layers, int dense_first);

// Its tensors in GGUF files.
inline constexpr GgufRename kLatentRenames[] = {
    {"attn_q_a", "self_attn.q_a_proj"},
    {"attn_q_a_norm", "self_attn.q_a_layernorm"},
    {"attn_q_b", "self_attn.q_b_proj"},
    {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
    {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
    {"attn_kv_b", "self_attn.kv_b_proj"},
    {"attn_k_b", "self_attn.k_b_proj"},
    {"attn_v_b", "self_attn.v_b_proj"},
    {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
    {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
    {"ffn_down_shexp", "mlp.shared_experts.down_proj"},
};

}  // namespace estoc
