"""Tiny random checkpoints of model families, made and saved by the family's own class in transformers, so that names,
layouts and config.json are those that people have on disk.

Small enough to commit, seeded, and with weights scaled so that the predicted distributions are not flat: wrong math
shows. Norms and biases are random too, or ones and zeros would hide what is done with them. Used by
make_model_golden.py.
"""
import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

import minicpm_reference
import tiny_gguf
import tiny_models

BASE = {"vocab_size": tiny_models.VOCAB, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        "max_position_embeddings": 512}

SMALL = {"hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2}
TINY = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
VISION = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 4,
          "patch_size": 2}
# Latent attention before experts; heads of more than one width.
LATENT = {"hidden_size": 32, "intermediate_size": 40, "moe_intermediate_size": 16, "num_hidden_layers": 2,
          "num_attention_heads": 4, "num_key_value_heads": 4, "n_routed_experts": 8, "num_experts_per_tok": 3,
          "kv_lora_rank": 48, "qk_nope_head_dim": 24, "qk_rope_head_dim": 16, "v_head_dim": 16}
FALCON = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "bias": False, "alibi": False}

# name -> (class of the config, its arguments beside BASE)
FAMILIES = {
    "gemma_like": ("GemmaConfig", {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
                                   "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 24}),
    # Windows of 8 in every second layer, small caps.
    "gemma2_like": ("Gemma2Config", {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
                                     "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
                                     "sliding_window": 8, "query_pre_attn_scalar": 24,
                                     "attn_logit_softcapping": 3.0, "final_logit_softcapping": 5.0}),
    # Three layers of windows to one without, each kind with its frequencies.
    "gemma3_like": ("Gemma3TextConfig", {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 16, "sliding_window": 8, "query_pre_attn_scalar": 20,
        "layer_types": ["sliding_attention"] * 3 + ["full_attention"],
        "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}),
    # Wide heads whose values are their keys where all of the past is seen; nothing shared.
    "gemma4_like": ("Gemma4TextConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 8, "global_head_dim": 16, "num_global_key_value_heads": 1,
        "attention_k_eq_v": True, "sliding_window": 8, "final_logit_softcapping": 5.0,
        "hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 100,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"]}),
    # A mixture of experts beside the MLP.
    "gemma4_moe_like": ("Gemma4TextConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 16, "global_head_dim": 16, "sliding_window": 8,
        "final_logit_softcapping": 5.0,
        "hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 100, "enable_moe_block": True,
        "num_experts": 6, "top_k_experts": 2, "moe_intermediate_size": 16,
        "layer_types": ["sliding_attention", "full_attention"]}),
    # An input of the token's own for each layer, wider than all else; the last three read keys and values of others.
    "gemma4_small_like": ("Gemma4TextConfig", {
        "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 6, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 8, "global_head_dim": 16, "sliding_window": 8,
        "final_logit_softcapping": 5.0, "hidden_size_per_layer_input": 50, "vocab_size_per_layer_input": 128,
        "num_kv_shared_layers": 3, "use_double_wide_mlp": True,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"] * 2}),
    # Sizes that devices compute: heads that fill none of theirs, caps and windows.
    "gemma2_wide_like": ("Gemma2Config", {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2,
                                          "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 96,
                                          "sliding_window": 20, "query_pre_attn_scalar": 96,
                                          "attn_logit_softcapping": 3.0, "final_logit_softcapping": 5.0}),
    # What GGUF files say by being of these architectures: scores by the width of a head, every sixth layer sees all.
    "gemma2_small_like": ("Gemma2Config", {**TINY, "num_hidden_layers": 2, "query_pre_attn_scalar": 8,
                                           "sliding_window": 8, "attn_logit_softcapping": 3.0,
                                           "final_logit_softcapping": 5.0}),
    "gemma3_small_like": ("Gemma3TextConfig", {
        **TINY, "num_hidden_layers": 7, "query_pre_attn_scalar": 8, "sliding_window": 8,
        "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}),
    # A window in all layers, as the 4k model has; output of its own.
    "phi3_like": ("Phi3Config", {"hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2,
                                 "num_attention_heads": 4, "num_key_value_heads": 2, "sliding_window": 30}),
    # Part of a head turns, by factors for sequences that grow beyond what was trained for.
    "phi4_mini_like": ("Phi3Config", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "tie_word_embeddings": True, "max_position_embeddings": 512,
        "original_max_position_embeddings": 256,
        "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
                            "short_factor": [1.0, 1.1, 1.3, 1.5, 2.0, 3.0],
                            "long_factor": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]}}),
    # The same frequencies where sequences are long: all prompts but one token's are.
    "phi4_mini_long_like": ("Phi3Config", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 1, "num_attention_heads": 2,
        "num_key_value_heads": 1, "tie_word_embeddings": True, "original_max_position_embeddings": 4,
        "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
                            "short_factor": [1.0, 1.1, 1.3, 1.5, 2.0, 3.0],
                            "long_factor": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]}}),
    "ministral_like": ("MinistralConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}),
    # Queries grow every 16 positions.
    "ministral3_like": ("Ministral3Config", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 16.0, "beta_fast": 32.0,
                            "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
                            "original_max_position_embeddings": 16, "llama_4_scaling_beta": 0.1}}),
    # Delta nets whose key heads serve two value heads each, a gate behind attention, a quarter of a head that turns.
    "qwen3_5_like": ("Qwen3_5TextConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 32, "tie_word_embeddings": True,
        "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
        "linear_value_head_dim": 24,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000000.0, "partial_rotary_factor": 0.25,
                            "mrope_interleaved": True, "mrope_section": [2, 1, 1]}}),
    # The same before experts, all of one tensor, and one that every token goes to.
    "qwen3_5_moe_like": ("Qwen3_5MoeTextConfig", {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
        "moe_intermediate_size": 16, "shared_expert_intermediate_size": 24, "num_experts": 6, "num_experts_per_tok": 2,
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
        "linear_value_head_dim": 16}),
    # Sizes that devices compute.
    "qwen3_5_moe_wide_like": ("Qwen3_5MoeTextConfig", {
        "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 64,
        "moe_intermediate_size": 64, "shared_expert_intermediate_size": 64, "num_experts": 4, "num_experts_per_tok": 2,
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
        "linear_value_head_dim": 16}),
    # Projections packed by key heads, and experts with a tensor each.
    "qwen3_next_like": ("Qwen3NextConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "num_experts": 5, "num_experts_per_tok": 2,
        "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16,
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
        "linear_value_head_dim": 16}),
    # The projections of delta nets packed by key heads; no experts.
    "qwen3_next_dense_like": ("Qwen3NextConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 1, "head_dim": 16, "num_experts": 0, "shared_expert_intermediate_size": 0,
        "layer_types": ["linear_attention", "full_attention", "linear_attention"],
        "linear_num_key_heads": 2, "linear_num_value_heads": 6, "linear_key_head_dim": 16,
        "linear_value_head_dim": 16}),
    # Mamba alone.
    "mamba_like": ("MambaConfig", {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 16}),
    # Norms inside, and columns that fill no block.
    "falcon_mamba_like": ("FalconMambaConfig", {"hidden_size": 20, "num_hidden_layers": 2, "state_size": 5,
                                                "time_step_rank": 6, "tie_word_embeddings": False}),
    # Mamba before attention, and experts in every second layer.
    "jamba_like": ("JambaConfig", {
        "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 4, "num_attention_heads": 4,
        "num_key_value_heads": 2, "attn_layer_period": 4, "attn_layer_offset": 2, "num_experts": 4,
        "num_experts_per_tok": 2, "mamba_d_state": 8, "mamba_dt_rank": 4}),
    # Mamba-2 alone: one group for all heads.
    "mamba2_like": ("Mamba2Config", {
        "hidden_size": 32, "num_hidden_layers": 3, "num_heads": 8, "head_dim": 8, "n_groups": 1, "state_size": 16,
        "chunk_size": 16, "tie_word_embeddings": True}),
    # Limited steps, which a GGUF file cannot say.
    "mamba2_limit_like": ("Mamba2Config", {
        "hidden_size": 32, "num_hidden_layers": 1, "num_heads": 8, "head_dim": 8, "n_groups": 2, "state_size": 16,
        "chunk_size": 16, "time_step_limit": [0.3, 1.5], "tie_word_embeddings": True}),
    # Granite 4 without experts: Mamba-2 and one layer of attention that is not told positions; everything is scaled.
    "granite4_like": ("GraniteMoeHybridConfig", {
        "hidden_size": 32, "intermediate_size": 48, "shared_intermediate_size": 40, "num_hidden_layers": 4,
        "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 0, "num_experts_per_tok": 0,
        "layer_types": ["linear_attention", "linear_attention", "full_attention", "linear_attention"],
        "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 16, "mamba_chunk_size": 16,
        "embedding_multiplier": 2.0, "residual_multiplier": 0.6, "attention_multiplier": 0.25, "logits_scaling": 1.5,
        "tie_word_embeddings": True}),
    # With experts beside the shared MLP.
    "granite4_moe_like": ("GraniteMoeHybridConfig", {
        "hidden_size": 32, "intermediate_size": 16, "shared_intermediate_size": 40, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 6, "num_experts_per_tok": 2,
        "layer_types": ["linear_attention", "full_attention"], "mamba_n_heads": 8, "mamba_d_head": 8,
        "mamba_n_groups": 1, "mamba_d_state": 16, "mamba_chunk_size": 16, "residual_multiplier": 0.6,
        "attention_multiplier": 0.25, "tie_word_embeddings": True}),
    # Granite 4 with attention alone, as its smallest ones are: positions are told.
    "granite4_dense_like": ("GraniteMoeHybridConfig", {
        "hidden_size": 32, "intermediate_size": 48, "shared_intermediate_size": 40, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 0, "num_experts_per_tok": 0,
        "layer_types": ["full_attention"] * 2, "position_embedding_type": "rope", "mamba_n_heads": 8,
        "mamba_d_head": 8, "residual_multiplier": 0.6, "attention_multiplier": 0.25, "logits_scaling": 1.5,
        "tie_word_embeddings": True}),
    # Nemotron-H: a mixer or an MLP a layer, two groups, squared ReLU.
    "nemotron_h_like": ("NemotronHConfig", {
        "hidden_size": 32, "intermediate_size": 48, "layers_block_type": [
            "linear_attention", "mlp", "linear_attention", "full_attention", "mlp"],
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "ssm_state_size": 16,
        "mamba_num_heads": 6, "mamba_head_dim": 8, "n_groups": 2, "chunk_size": 16}),
    # Nemotron 3: experts without gates and one that all tokens go to, chosen by sigmoids with a correction.
    "nemotron3_like": ("NemotronHConfig", {
        "hidden_size": 32, "intermediate_size": 48, "layers_block_type": [
            "linear_attention", "moe", "full_attention", "moe"],
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "ssm_state_size": 16,
        "mamba_num_heads": 6, "mamba_head_dim": 8, "n_groups": 2, "chunk_size": 16, "n_routed_experts": 8,
        "num_experts_per_tok": 3, "moe_intermediate_size": 16, "moe_shared_expert_intermediate_size": 24,
        "routed_scaling_factor": 2.5}),
    # Nemotron 3 Super: experts that read less than the router and the shared one.
    "nemotron3_latent_like": ("NemotronHConfig", {
        "hidden_size": 32, "layers_block_type": ["linear_attention", "moe", "full_attention"],
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "ssm_state_size": 16,
        "mamba_num_heads": 4, "mamba_head_dim": 8, "n_groups": 1, "chunk_size": 16, "n_routed_experts": 6,
        "num_experts_per_tok": 2, "moe_intermediate_size": 16, "moe_shared_expert_intermediate_size": 24,
        "moe_latent_size": 20, "routed_scaling_factor": 1.5}),
    # Falcon-H1: attention and Mamba-2 beside each other, with a gate only or a norm, and every scale of its own.
    "falcon_h1_like": ("FalconH1Config", {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "mamba_d_ssm": 48, "mamba_n_heads": 6, "mamba_d_head": 8, "mamba_n_groups": 2,
        "mamba_d_state": 16, "mamba_chunk_size": 16, "lm_head_multiplier": 0.7, "embedding_multiplier": 1.5,
        "mlp_multipliers": [0.8, 0.6], "key_multiplier": 0.7, "attention_out_multiplier": 0.9,
        "attention_in_multiplier": 1.2, "ssm_multipliers": [0.9, 1.1, 0.8, 1.2, 0.7], "ssm_in_multiplier": 1.3,
        "ssm_out_multiplier": 0.8}),
    "falcon_h1_norm_like": ("FalconH1Config", {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "mamba_d_ssm": 48, "mamba_n_heads": 6, "mamba_d_head": 8, "mamba_n_groups": 2,
        "mamba_d_state": 16, "mamba_chunk_size": 16, "mamba_rms_norm": True, "mamba_norm_before_gate": True,
        "tie_word_embeddings": True}),
    "bamba_like": ("BambaConfig", {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "attn_layer_indices": [1], "mamba_n_heads": 8, "mamba_d_head": 8,
        "mamba_n_groups": 1, "mamba_d_state": 16, "mamba_chunk_size": 16}),
    # As wide as devices need them.
    "lfm2_wide_like": ("Lfm2Config", {
        "hidden_size": 64, "intermediate_size": 64, "block_auto_adjust_ff_dim": False, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "layer_types": ["conv", "full_attention"],
        "conv_L_cache": 3}),
    "granite4_wide_like": ("GraniteMoeHybridConfig", {
        "hidden_size": 64, "intermediate_size": 64, "shared_intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "num_local_experts": 4, "num_experts_per_tok": 2,
        "layer_types": ["linear_attention", "full_attention"],
        "mamba_n_heads": 4, "mamba_d_head": 32, "mamba_n_groups": 1, "mamba_d_state": 16, "mamba_chunk_size": 16,
        "embedding_multiplier": 2.0, "residual_multiplier": 0.6, "attention_multiplier": 0.25, "logits_scaling": 1.5,
        "tie_word_embeddings": True}),
    "nemotron_h_wide_like": ("NemotronHConfig", {
        "hidden_size": 64, "intermediate_size": 64, "layers_block_type": ["linear_attention", "mlp", "full_attention"],
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "ssm_state_size": 16,
        "mamba_num_heads": 4, "mamba_head_dim": 32, "n_groups": 2, "chunk_size": 16}),
    "falcon_h1_wide_like": ("FalconH1Config", {
        "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "mamba_d_ssm": 128, "mamba_n_heads": 4, "mamba_d_head": 32, "mamba_n_groups": 2,
        "mamba_d_state": 16, "mamba_chunk_size": 16, "lm_head_multiplier": 0.7, "embedding_multiplier": 1.5,
        "mlp_multipliers": [0.8, 0.6], "key_multiplier": 0.7, "attention_out_multiplier": 0.9,
        "attention_in_multiplier": 1.2, "ssm_multipliers": [0.9, 1.1, 0.8, 1.2, 0.7], "ssm_in_multiplier": 1.3,
        "ssm_out_multiplier": 0.8}),
    "jamba_wide_like": ("JambaConfig", {
        "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 4,
        "num_experts_per_tok": 2, "mamba_d_state": 16, "mamba_dt_rank": 64}),
    "falcon_mamba_wide_like": ("FalconMambaConfig", {"hidden_size": 64, "num_hidden_layers": 2, "state_size": 10,
                                                     "time_step_rank": 64, "tie_word_embeddings": False}),
    "deepseek_v3_wide_like": ("DeepseekV3Config", {
        **LATENT, "hidden_size": 64, "intermediate_size": 64, "moe_intermediate_size": 64, "q_lora_rank": 64,
        "kv_lora_rank": 64, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "v_head_dim": 64, "n_shared_experts": 1,
        "first_k_dense_replace": 1, "n_group": 4, "topk_group": 2, "num_mtp_layers": 0}),
    # Widths that fill panels and 32 columns.
    "qwen3_moe_like": ("Qwen3MoeConfig", {
        "hidden_size": 32, "intermediate_size": 48, "moe_intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "num_experts": 8, "num_experts_per_tok": 3,
        "norm_topk_prob": True}),
    # Layers without experts, for both reasons that there are.
    "qwen3_moe_mixed_like": ("Qwen3MoeConfig", {
        "hidden_size": 32, "intermediate_size": 48, "moe_intermediate_size": 16, "num_hidden_layers": 4,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "num_experts": 5, "num_experts_per_tok": 2,
        "norm_topk_prob": False, "mlp_only_layers": [1], "decoder_sparse_step": 2}),
    # Experts whose rows fill no panels.
    "mixtral_like": ("MixtralConfig", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "olmoe_like": ("OlmoeConfig", {
        "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "num_experts": 8, "num_experts_per_tok": 3}),
    # An expert for all tokens that is wider than the others.
    "qwen2_moe_like": ("Qwen2MoeConfig", {
        "hidden_size": 32, "intermediate_size": 40, "moe_intermediate_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "num_experts": 6, "num_experts_per_tok": 2,
        "shared_expert_intermediate_size": 48}),
    "granite_moe_like": ("GraniteMoeConfig", {
        "hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "num_local_experts": 5, "num_experts_per_tok": 2, "embedding_multiplier": 3.0,
        "logits_scaling": 1.5, "residual_multiplier": 0.7, "attention_multiplier": 0.2}),
    # The same with an MLP for all tokens.
    "granite_moe_shared_like": ("GraniteMoeSharedConfig", {
        "hidden_size": 32, "intermediate_size": 16, "shared_intermediate_size": 24, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
        "residual_multiplier": 0.7, "attention_multiplier": 0.2}),
    # A limit that many gates reach.
    "gpt_oss_clamped_like": ("GptOssConfig", {
        "hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 16, "num_local_experts": 3, "num_experts_per_tok": 2,
        "sliding_window": 8, "swiglu_limit": 1.0}),
    # Both kinds of layers and a window of 8.
    "gpt_oss_like": ("GptOssConfig", {
        "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "num_local_experts": 5, "num_experts_per_tok": 2,
        "sliding_window": 8,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 150000.0, "factor": 8.0, "beta_fast": 32.0,
                            "beta_slow": 1.0, "truncate": False, "original_max_position_embeddings": 64}}),
    # Sizes that devices compute.
    "gpt_oss_wide_like": ("GptOssConfig", {
        "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 64, "num_local_experts": 4, "num_experts_per_tok": 2,
        "sliding_window": 20}),
    # Four groups, of which two take part.
    "glm4_moe_like": ("Glm4MoeConfig", {
        "hidden_size": 32, "intermediate_size": 40, "moe_intermediate_size": 16, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "n_routed_experts": 8,
        "num_experts_per_tok": 3, "n_shared_experts": 2, "n_group": 4, "topk_group": 2, "routed_scaling_factor": 1.5,
        "first_k_dense_replace": 1, "use_qk_norm": True, "attention_bias": True, "num_mtp_layers": 0}),
    "dots1_like": ("Dots1Config", {
        "hidden_size": 32, "intermediate_size": 40, "moe_intermediate_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "n_routed_experts": 6,
        "num_experts_per_tok": 2, "n_shared_experts": 1, "first_k_dense_replace": 1, "norm_topk_prob": True,
        "routed_scaling_factor": 2.5}),
    # As V2-Lite: queries as they are, one group, stretched frequencies that scores make up for; values that fill no
    # panels.
    "deepseek_v2_like": ("DeepseekV2Config", {
        **LATENT, "q_lora_rank": None, "kv_lora_rank": 32, "v_head_dim": 24, "n_shared_experts": 2,
        "first_k_dense_replace": 1, "topk_method": "greedy", "n_group": 1, "topk_group": 1,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0, "beta_fast": 32.0,
                            "beta_slow": 1.0, "mscale": 0.707, "mscale_all_dim": 0.707,
                            "original_max_position_embeddings": 32}}),
    # Compressed queries, groups by their best expert.
    "deepseek_v2_groups_like": ("DeepseekV2Config", {
        **LATENT, "q_lora_rank": 24, "n_shared_experts": 1, "topk_method": "group_limited_greedy", "n_group": 4,
        "topk_group": 2, "routed_scaling_factor": 2.0}),
    # Groups by their best two, a correction, biases; widths that are rounded to 8 bits and fill tiles.
    "deepseek_v3_like": ("DeepseekV3Config", {
        **LATENT, "q_lora_rank": 32, "kv_lora_rank": 96, "qk_nope_head_dim": 32, "qk_rope_head_dim": 32,
        "v_head_dim": 32, "n_shared_experts": 1, "first_k_dense_replace": 1, "n_group": 4, "topk_group": 2,
        "attention_bias": True, "num_mtp_layers": 0,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0, "beta_fast": 4.0,
                            "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
                            "original_max_position_embeddings": 64}}),
    # Halves that turn together, stretched frequencies with a magnitude of their own; no experts.
    "deepseek_v3_dense_like": ("DeepseekV3Config", {
        **LATENT, "q_lora_rank": None, "n_shared_experts": 1, "first_k_dense_replace": 2, "rope_interleave": False,
        "num_mtp_layers": 0,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0, "beta_fast": 4.0,
                            "beta_slow": 1.0, "mscale": 1.3, "mscale_all_dim": 0.6,
                            "original_max_position_embeddings": 64}}),
    "glm4_moe_lite_like": ("Glm4MoeLiteConfig", {
        **LATENT, "q_lora_rank": 24, "v_head_dim": 32, "n_shared_experts": 1, "num_experts_per_tok": 4,
        "routed_scaling_factor": 1.8, "n_group": 1, "topk_group": 1, "mlp_layer_types": ["dense", "sparse"]}),
    # A norm behind the experts.
    "axk1_like": ("AXK1Config", {
        **LATENT, "q_lora_rank": 24, "n_shared_experts": 1, "n_group": 2, "topk_group": 1,
        "mlp_layer_types": ["dense", "sparse"]}),
    # Without a token that fills up: the class clears its row when it loads.
    "youtu_like": ("YoutuConfig", {
        **{key: value for key, value in LATENT.items() if "experts" not in key and "moe" not in key},
        "q_lora_rank": 24, "tie_word_embeddings": True, "pad_token_id": None}),
    # Queries grow every 16 positions; groups of softmax scores by their best two.
    "mistral4_like": ("Mistral4Config", {
        **LATENT, "q_lora_rank": 24, "qk_nope_head_dim": 16, "n_shared_experts": 1, "n_group": 4, "topk_group": 2,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 32.0, "beta_fast": 32.0,
                            "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0, "partial_rotary_factor": 0.5,
                            "original_max_position_embeddings": 16, "llama_4_scaling_beta": 0.1}}),
    # Halves that turn together, as all of it would with longer contexts; what scales the stream and logits.
    "minicpm3_like": ("MiniCPM3Config", {
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "q_lora_rank": 24, "kv_lora_rank": 48, "qk_nope_head_dim": 16,
        "qk_rope_head_dim": 16, "v_head_dim": 16, "scale_emb": 3, "scale_depth": 1.1, "dim_model_base": 16,
        "original_max_position_embeddings": 512,
        "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0,
                            "short_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 2.5, 3.0],
                            "long_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 2.5, 3.0]}}),
    # The numbers that GGUF files leave out; an output of its own, or it would repeat what it is given.
    "minicpm3_plain_like": ("MiniCPM3Config", {
        "hidden_size": 128, "intermediate_size": 40, "num_hidden_layers": 1, "num_attention_heads": 4,
        "num_key_value_heads": 4, "q_lora_rank": 24, "kv_lora_rank": 32, "qk_nope_head_dim": 16,
        "qk_rope_head_dim": 16, "tie_word_embeddings": False, "original_max_position_embeddings": 512,
        "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0,
                            "short_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 2.5, 3.0],
                            "long_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 2.5, 3.0]}}),
    "minimax_m2_like": ("MiniMaxM2Config", {
        "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "rotary_dim": 8, "num_local_experts": 6, "num_experts_per_tok": 2}),
    "ernie4_5_moe_like": ("Ernie4_5_MoeConfig", {
        "hidden_size": 32, "intermediate_size": 40, "moe_intermediate_size": 16, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "moe_num_experts": 6, "moe_k": 2,
        "moe_num_shared_experts": 2, "moe_layer_start_index": 1}),
    # Sigmoid scores that a bias corrects, behind a dense layer; convolutions and one attention.
    "lfm2_moe_like": ("Lfm2MoeConfig", {
        "hidden_size": 32, "intermediate_size": 48, "moe_intermediate_size": 16, "num_hidden_layers": 3,
        "num_dense_layers": 1, "num_experts": 6, "num_experts_per_tok": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "layer_types": ["conv", "full_attention", "conv"]}),
    # Positions are told in three layers of four.
    "smollm3_like": ("SmolLM3Config", {**SMALL, "num_hidden_layers": 4, "tie_word_embeddings": True}),
    # Windows where they are not told.
    "smollm3_windows_like": ("SmolLM3Config", {**SMALL, "num_hidden_layers": 3, "no_rope_layers": [1, 0, 1],
                                               "use_sliding_window": True, "sliding_window": 8,
                                               "attention_bias": True, "mlp_bias": True}),
    "granite_like": ("GraniteConfig", {**SMALL, "embedding_multiplier": 6.0, "attention_multiplier": 0.3,
                                       "residual_multiplier": 0.4, "logits_scaling": 1.5}),
    "minicpm_like": ("MiniCPMConfig", {**SMALL, "scale_emb": 4, "scale_depth": 1.2, "dim_model_base": 20,
                                       "tie_word_embeddings": True}),
    # Bounds that many values reach.
    "olmo_like": ("OlmoConfig", {**SMALL, "clip_qkv": 0.8}),
    "olmo2_like": ("Olmo2Config", {**SMALL}),
    # Frequencies of layers without a window are scaled.
    "olmo3_like": ("Olmo3Config", {
        **SMALL, "num_hidden_layers": 4, "sliding_window": 8,
        "rope_parameters": {"full_attention": {"rope_type": "yarn", "rope_theta": 500000.0, "factor": 8.0,
                                               "original_max_position_embeddings": 64, "beta_fast": 32.0,
                                               "beta_slow": 1.0, "attention_factor": 1.2},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 500000.0}}}),
    "cohere_like": ("CohereConfig", {**SMALL, "logit_scale": 0.6, "use_qk_norm": True}),
    "cohere_plain_like": ("CohereConfig", {**SMALL, "num_hidden_layers": 1, "logit_scale": 0.6,
                                           "attention_bias": True}),
    "cohere2_like": ("Cohere2Config", {**SMALL, "num_hidden_layers": 4, "logit_scale": 0.6, "sliding_window": 8}),
    "glm_like": ("GlmConfig", {**SMALL, "head_dim": 16}),
    "glm4_like": ("Glm4Config", {**SMALL, "head_dim": 16, "attention_bias": False}),
    "ernie4_5_like": ("Ernie4_5Config", {**SMALL, "head_dim": 16, "use_bias": True}),
    "hunyuan_like": ("HunYuanDenseV1Config", {
        **SMALL, "head_dim": 16, "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 1.0,
                                                     "alpha": 50.0}}),
    # Counts for each layer, as the released one has them.
    "hunyuan_moe_like": ("HunYuanMoEV1Config", {
        **SMALL, "intermediate_size": 24, "head_dim": 16, "num_experts": 5, "moe_topk": [2, 2],
        "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 1.0, "alpha": 50.0}}),
    "exaone4_like": ("Exaone4Config", {**SMALL, "num_hidden_layers": 4, "sliding_window": 8}),
    # No windows: positions are told everywhere.
    "exaone4_plain_like": ("Exaone4Config", {**SMALL, "sliding_window": None, "tie_word_embeddings": True,
                                             "layer_types": ["full_attention"] * 2}),
    "seed_oss_like": ("SeedOssConfig", {**SMALL, "head_dim": 16, "attention_out_bias": True}),
    "helium_like": ("HeliumConfig", {**SMALL, "num_key_value_heads": 4, "head_dim": 8}),
    "stablelm_like": ("StableLmConfig", {**SMALL, "use_qkv_bias": True,
                                         "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default",
                                                             "partial_rotary_factor": 0.5}}),
    # As the biggest of its second generation.
    "stablelm_parallel_like": ("StableLmConfig", {**SMALL, "num_attention_heads": 2, "num_key_value_heads": 1,
                                                  "use_parallel_residual": True, "qk_layernorm": True}),
    "gpt2_like": ("GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256,
                                 "max_position_embeddings": 256}),
    "gpt2_scaled_like": ("GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256, "n_inner": 48,
                                        "max_position_embeddings": 256, "activation_function": "relu",
                                        "scale_attn_by_inverse_layer_idx": True, "tie_word_embeddings": False}),
    "gpt_neox_like": ("GPTNeoXConfig", {**SMALL, "num_key_value_heads": 4,
                                        "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default",
                                                            "partial_rotary_factor": 0.5}}),
    "gpt_neox_serial_like": ("GPTNeoXConfig", {**SMALL, "num_hidden_layers": 1, "use_parallel_residual": False,
                                               "attention_bias": False, "hidden_act": "gelu_fast",
                                               "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default",
                                                                   "partial_rotary_factor": 1.0}}),
    "starcoder2_like": ("Starcoder2Config", {**SMALL, "sliding_window": 30}),
    "starcoder2_plain_like": ("Starcoder2Config", {**SMALL, "num_hidden_layers": 1, "use_bias": False,
                                                   "tie_word_embeddings": False, "norm_epsilon": 0.01}),
    "phi_like": ("PhiConfig", {**SMALL}),
    # One key head for all, as 7B; groups with two norms, as 40B; groups with one, as the second 11B; no parallel parts.
    "falcon_like": ("FalconConfig", {**FALCON}),
    "falcon_40b_like": ("FalconConfig", {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2,
                                         "ffn_hidden_size": 48, "tie_word_embeddings": False}),
    "falcon_11b_like": ("FalconConfig", {**FALCON, "num_hidden_layers": 1, "new_decoder_architecture": True,
                                         "num_kv_heads": 2, "num_ln_in_parallel_attn": 1, "bias": True}),
    "falcon_serial_like": ("FalconConfig", {**FALCON, "num_hidden_layers": 1, "multi_query": False,
                                            "parallel_attn": False, "bias": True}),
    "nemotron_like": ("NemotronConfig", {**SMALL, "head_dim": 16}),
    # An activation with learned numbers.
    "apertus_like": ("ApertusConfig", {**SMALL, "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 12000000.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 64}}),
    # Checkpoints that look at pictures: only their text model is computed.
    "gemma3_vision_like": ("Gemma3Config", {
        "text_config": {**BASE, **TINY, "num_hidden_layers": 2, "query_pre_attn_scalar": 8, "sliding_window": 8,
                        "layer_types": ["sliding_attention", "full_attention"]},
        "vision_config": {**VISION, "vision_use_head": False}, "mm_tokens_per_image": 1, "boi_token_index": 5,
        "eoi_token_index": 6, "image_token_index": 7}),
    "gemma4_vision_like": ("Gemma4Config", {
        "text_config": {**BASE, **TINY, "num_hidden_layers": 3, "global_head_dim": 8, "sliding_window": 8,
                        "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 128,
                        "num_kv_shared_layers": 1, "final_logit_softcapping": 5.0,
                        "layer_types": ["sliding_attention", "full_attention", "full_attention"]},
        "vision_config": {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
                          "num_key_value_heads": 1, "head_dim": 8, "patch_size": 2, "position_embedding_size": 16},
        "audio_config": None, "image_token_id": 7, "boi_token_id": 5, "eoi_token_id": 6}),
    "mistral3_vision_like": ("Mistral3Config", {
        "text_config": {"model_type": "mistral", **BASE, **TINY, "num_hidden_layers": 2, "sliding_window": None},
        "vision_config": {"model_type": "pixtral", **VISION, "head_dim": 8}, "image_token_index": 7}),
    "mistral4_vision_like": ("Mistral3Config", {
        "text_config": {
            "model_type": "mistral4", **BASE, **LATENT, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 2, "n_routed_experts": 4, "num_experts_per_tok": 2, "q_lora_rank": 24,
            "qk_nope_head_dim": 16, "n_shared_experts": 1,
            "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 32.0, "beta_fast": 32.0,
                                "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0, "partial_rotary_factor": 0.5,
                                "original_max_position_embeddings": 16, "llama_4_scaling_beta": 0.1}},
        "vision_config": {"model_type": "pixtral", **VISION, "head_dim": 8}, "image_token_index": 7}),
}

# Positions of the longest sequence, where a checkpoint's answers depend on it.
CONTEXTS = {"phi4_mini_like": 256}


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Matrices by their inputs; vectors around what the class begins with."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in model.named_parameters():
        noise = torch.randn(value.shape, generator=generator)
        with torch.no_grad():
            if name.endswith(("embed_tokens.weight", "wte.weight", "embed_in.weight", "embeddings.weight")):
                value.copy_(noise * 3.0 / value.shape[-1] ** 0.5)
            elif value.dim() == 1 or "norm" in name:
                value.add_(0.25 * noise)
            else:
                value.copy_(noise * 1.4 / value.shape[-1] ** 0.5)
    for name, value in model.named_buffers():
        if name.endswith(("e_score_correction_bias", "expert_bias")):
            value.add_(0.25 * torch.randn(value.shape, generator=generator))


def loader(config):
    """Of models whose only task is text, or of those that also look at pictures."""
    has_text_alone = type(config) in transformers.AutoModelForCausalLM._model_mapping
    return transformers.AutoModelForCausalLM if has_text_alone else transformers.AutoModelForImageTextToText


def make_model(name: str, kind: str, arguments: dict) -> torch.nn.Module:
    source = transformers if hasattr(transformers, kind) else minicpm_reference
    config = getattr(source, kind)(**(BASE | arguments))
    seed = 2000 + sum(name.encode())
    torch.manual_seed(seed)  # for what the class begins with
    model = loader(config).from_config(config, dtype=torch.float32)
    randomize(model, seed)
    return model.to(torch.bfloat16)


def write_model(directory: Path, name: str, described: tuple[str, dict] | None = None) -> None:
    """Writes the whole Hugging Face directory. What no line of FAMILIES describes, the caller does."""
    directory.mkdir(parents=True, exist_ok=True)
    model = make_model(name, *(described or FAMILIES[name]))
    model.save_pretrained(directory)
    path = directory / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config, indent=1) + "\n")
    (directory / "generation_config.json").unlink(missing_ok=True)
    tiny_models.write_tokenizer(directory)
    if described is None and tiny_gguf.can_write(name, config):
        tiny_gguf.write_gguf(directory.with_suffix(".gguf"), config, load_file(directory / "model.safetensors"))
