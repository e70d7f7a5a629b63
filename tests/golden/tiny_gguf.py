"""The tiny checkpoints said again as GGUF files.

Names of tensors and keys are those of the gguf package; only what a converter does beside renaming is written here:
rows of q and k in the order of adjacent pairs where an architecture rotates so, matrices turned round, fused tensors cut
otherwise, norms with what is to be added to them, factors of frequencies as tensors, what becomes of gated delta nets,
experts stacked, gate and up apart, and keys for what configs say.
"""
import math
import re
from pathlib import Path

import gguf
import torch

import tiny_gguf_kinds

ARCHITECTURES = {name: architecture for architecture, name in gguf.MODEL_ARCH_NAMES.items()}
# Model types whose architecture has another name.
ALIASES = {"mistral": "llama", "mixtral": "llama", "qwen3_5_text": "qwen35", "olmo3": "olmo2", "cohere": "command-r",
           "glm": "chatglm", "gpt_neox": "gptneox", "hunyuan_v1_dense": "hunyuan-dense", "phi": "phi2",
           "gemma3_text": "gemma3", "ministral3": "mistral3", "qwen2_moe": "qwen2moe", "qwen3_moe": "qwen3moe",
           "gpt_oss": "gpt-oss", "qwen3_5_moe_text": "qwen35moe", "qwen3_next": "qwen3next",
           "glm4_moe": "glm4moe", "minimax_m2": "minimax-m2", "ernie4_5_moe": "ernie4_5-moe",
           "hunyuan_v1_moe": "hunyuan-moe", "lfm2_moe": "lfm2moe", "granitemoehybrid": "granitehybrid",
           "granitemoeshared": "granitemoe", "bamba": "granitehybrid", "falcon_h1": "falcon-h1", "gemma4_text": "gemma4"}
# What is written here.
WRITTEN = {"llama", "qwen2", "qwen3", "qwen35", "olmo", "olmo2", "command-r", "cohere2", "chatglm", "glm4", "gptneox",
           "hunyuan-dense", "phi2", "phi3", "gemma", "gemma2", "gemma3", "mistral3", "smollm3", "granite", "ernie4_5",
           "exaone4", "seed_oss", "stablelm", "gpt2", "starcoder2", "falcon", "nemotron", "qwen2moe", "qwen3moe",
           "olmoe", "granitemoe", "gpt-oss", "qwen35moe", "qwen3next", "glm4moe", "dots1", "minimax-m2",
           "ernie4_5-moe", "hunyuan-moe", "apertus", "lfm2", "lfm2moe", "granitehybrid", "falcon-h1", "gemma4",
           "jamba", "minicpm"}
# Those with latent attention, by their model types.
LATENT = {"deepseek_v2": "deepseek2", "deepseek_v3": "deepseek2", "glm4_moe_lite": "deepseek2", "youtu": "deepseek2",
          "minicpm3": "minicpm3"}
HYBRIDS = {"qwen35", "qwen35moe", "qwen3next"}
# Those whose q and k are reordered, whose norms keep a sum, that fuse q, k and v, and whose layers may have windows of
# their own.
INTERLEAVED = {"llama", "granite", "granitemoe", "granitehybrid", "minicpm", "smollm3", "olmo", "mistral3"}
SUMMED_NORMS = {"gemma", "gemma2", "gemma3", "nemotron"}
FUSED = {"chatglm", "phi2"}
WINDOWED = {"olmo2", "exaone4", "gemma4"}
# Checkpoints with what GGUF has no key for.
UNSAID = {"smollm3_windows_like", "gemma2_like", "gemma3_like", "ministral_like", "helium_like", "gpt2_scaled_like",
          "gpt_neox_serial_like", "starcoder2_like", "falcon_11b_like", "falcon_serial_like", "qwen3_moe_mixed_like",
          "gpt_oss_clamped_like", "qwen3_next_dense_like", "mamba2_limit_like",
          "granite4_dense_like", "falcon_h1_norm_like", "deepseek_v3_dense_like", "minicpm3_like"}
# Written as the first converters of their family did; MiniCPM3 has none of others.
EARLY = {"deepseek_v2_like", "minicpm3_plain_like"}
EXPERT = re.compile(r"((?:model|backbone)\.layers\.\d+\.\w+\.experts)\.(\d+)\.(\w+)\.weight")
EXPERT_NAMES = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}


def adjacent_pairs(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """Row 2i+p of each head is what row p * (head / 2) + i was."""
    head = tensor.shape[0] // heads
    return tensor.reshape(heads, 2, head // 2, -1).transpose(1, 2).reshape(tensor.shape).contiguous()


def llama3_factors(scaling: dict, theta: float, head: int) -> torch.Tensor:
    """What each frequency is divided by."""
    low, high, factor = scaling["low_freq_factor"], scaling["high_freq_factor"], scaling["factor"]
    factors = []
    for pair in range(head // 2):
        turns = scaling["original_max_position_embeddings"] / (2 * math.pi * theta ** (2 * pair / head))
        share = min(max((turns - low) / (high - low), 0), 1)  # of the frequency that stays as it is
        factors.append(1 / (share + (1 - share) / factor))
    return torch.tensor(factors, dtype=torch.float32)


def heads_in_turn(tensor: torch.Tensor, dim: int, key_heads: int, head: int) -> torch.Tensor:
    """Of value heads that follow each other by key heads: the first of every key head, then the second, and so on."""
    shape = tensor.shape
    parts = tensor.reshape(*shape[:dim], key_heads, -1, head, *shape[dim + 1:])
    return parts.transpose(dim, dim + 1).reshape(shape).contiguous()


def of_delta_net(name: str, tensor: torch.Tensor, config: dict) -> tuple[str, torch.Tensor]:
    """The tensor as llama.cpp's converter keeps it, and the name by which the gguf package knows it."""
    keys, head = config["linear_num_key_heads"], config["linear_value_head_dim"]
    queries_and_keys = 2 * keys * config["linear_key_head_dim"]
    if name.endswith(".A_log"):
        tensor = -torch.exp(tensor.float())
    elif name.endswith(".conv1d.weight"):
        tensor = tensor.squeeze().float()
    elif name.endswith("norm.weight") and not name.endswith("linear_attn.norm.weight"):
        tensor = tensor.float() + 1
    if config["model_type"] != "qwen3_next":
        if ".in_proj_qkv." in name or ".conv1d." in name:
            values = heads_in_turn(tensor[queries_and_keys:], 0, keys, head)
            tensor = torch.cat([tensor[:queries_and_keys], values])
        elif ".in_proj_z." in name:
            tensor = heads_in_turn(tensor, 0, keys, head)
        elif name.endswith((".in_proj_a.weight", ".in_proj_b.weight", ".A_log", ".dt_bias")):
            tensor = heads_in_turn(tensor, 0, keys, 1)
        elif name.endswith("linear_attn.out_proj.weight"):
            tensor = heads_in_turn(tensor, 1, keys, head)
    return name.replace(".dt_bias", ".dt_proj.bias"), tensor


def unpack_delta_nets(tensors: dict[str, torch.Tensor], config: dict) -> dict[str, torch.Tensor]:
    """Qwen3-Next's q, k, v and z, packed by key heads: the first three in one tensor, z in another."""
    unpacked = {}
    keys, key = config["linear_num_key_heads"], config["linear_key_head_dim"]
    shared = config["linear_num_value_heads"] // keys * config["linear_value_head_dim"]
    for name, tensor in tensors.items():
        if not name.endswith("in_proj_qkvz.weight"):
            unpacked[name] = tensor
            continue
        parts = tensor.reshape(keys, -1, tensor.shape[1]).split([key, key, shared, shared], dim=1)
        *qkv, z = (part.reshape(-1, tensor.shape[1]) for part in parts)
        unpacked |= {name.replace("qkvz", "qkv"): torch.cat(qkv), name.replace("qkvz", "z"): z}
    return unpacked


def add_delta_net_keys(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_ssm_conv_kernel(config["linear_conv_kernel_dim"])
    writer.add_ssm_state_size(config["linear_key_head_dim"])
    writer.add_ssm_group_count(config["linear_num_key_heads"])
    writer.add_ssm_time_step_rank(config["linear_num_value_heads"])
    writer.add_ssm_inner_size(config["linear_value_head_dim"] * config["linear_num_value_heads"])
    writer.add_full_attention_interval(config["layer_types"].index("full_attention") + 1)
    if "mrope_section" in config["rope_parameters"]:
        writer.add_rope_dimension_sections([*config["rope_parameters"]["mrope_section"], 0])


def write_mamba2(path: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    """Mamba-2 alone, or Nemotron-H, whose kinds of layers are told by numbers a layer."""
    is_hybrid = config["model_type"] == "nemotron_h"
    has_experts = is_hybrid and "moe" in config["layers_block_type"]
    architecture = ARCHITECTURES[config["model_type"] + ("_moe" if has_experts else "")]
    kinds = config.get("layers_block_type") or ["linear_attention"] * config["num_hidden_layers"]
    heads = config["mamba_num_heads" if is_hybrid else "num_heads"]
    inner = heads * config["mamba_head_dim" if is_hybrid else "head_dim"]
    names = gguf.get_tensor_name_map(architecture, len(kinds))
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(len(kinds))
    writer.add_layer_norm_rms_eps(config["layer_norm_epsilon"])
    writer.add_ssm_conv_kernel(config["conv_kernel"])
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(config["ssm_state_size" if is_hybrid else "state_size"])
    writer.add_ssm_time_step_rank(heads)
    writer.add_ssm_group_count(config["n_groups"])
    if is_hybrid:
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv([config["num_key_value_heads"] * (kind == "full_attention") for kind in kinds])
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
        wide = config["moe_intermediate_size" if has_experts else "intermediate_size"]
        writer.add_feed_forward_length([wide * (kind in ("mlp", "moe")) for kind in kinds])
    else:
        writer.add_head_count(0)
        writer.add_feed_forward_length(0)
    if has_experts:
        tiny_gguf_kinds.add_nemotron_experts(writer, config)
    tensors = stack_experts(tiny_gguf_kinds.prepared(config["model_type"], config, tensors))
    for name, tensor in tensors.items():
        name, tensor = tiny_gguf_kinds.of_mamba2(re.sub("^model[.]", "backbone.", name), tensor, config["n_groups"])
        is_known = name.startswith("blk.")
        add(writer, name if is_known else names.get_name(name, try_suffixes=(".weight", ".bias")), tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_mamba(path: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    names = gguf.get_tensor_name_map(ARCHITECTURES["mamba"], config["num_hidden_layers"])
    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_context_length(2**20)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_ssm_conv_kernel(config["conv_kernel"])
    writer.add_ssm_inner_size(config["expand"] * config["hidden_size"])
    writer.add_ssm_state_size(config["state_size"])
    writer.add_ssm_time_step_rank(config["time_step_rank"])
    writer.add_layer_norm_rms_eps(config["layer_norm_epsilon"])
    writer.add_ssm_dt_b_c_rms(config["model_type"] == "falcon_mamba")
    for name, tensor in tensors.items():
        if name.endswith(".A_log"):
            tensor = -torch.exp(tensor.float())
        elif name.endswith(".conv1d.weight"):
            tensor = tensor.squeeze().float()
        add(writer, names.get_name(name, try_suffixes=(".weight", ".bias")), tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def split_latents(tensors: dict[str, torch.Tensor], config: dict) -> dict[str, torch.Tensor]:
    """Keys and values of latents apart by heads, keys with rows for columns."""
    split = {}
    heads, key = config["num_attention_heads"], config["qk_nope_head_dim"]
    for name, tensor in tensors.items():
        if not name.endswith(".kv_b_proj.weight"):
            split[name] = tensor
            continue
        both = tensor.reshape(heads, -1, tensor.shape[1])
        split[name.replace(".kv_b_proj", ".k_b_proj")] = both[:, :key].transpose(1, 2).contiguous()
        split[name.replace(".kv_b_proj", ".v_b_proj")] = both[:, key:].contiguous()
    return split


def add_latent_keys(writer: gguf.GGUFWriter, config: dict, is_early: bool) -> None:
    """Lengths of heads are those of latents where keys and values are apart."""
    latent, turned = config["kv_lora_rank"], config["qk_rope_head_dim"]
    key, value = config["qk_nope_head_dim"] + turned, config["v_head_dim"]
    writer.add_head_count(config["num_attention_heads"])
    writer.add_kv_lora_rank(latent)
    if config["q_lora_rank"]:
        writer.add_q_lora_rank(config["q_lora_rank"])
    writer.add_rope_dimension_count(turned)
    if is_early:
        writer.add_head_count_kv(config["num_attention_heads"])
        writer.add_key_length(key)
        if config["model_type"] != "minicpm3":
            writer.add_value_length(value)
    else:
        writer.add_head_count_kv(1)
        writer.add_key_length(latent + turned)
        writer.add_value_length(latent)
        writer.add_key_length_mla(key)
        writer.add_value_length_mla(value)


def add_router_keys(writer: gguf.GGUFWriter, config: dict, is_early: bool) -> None:
    writer.add_expert_feed_forward_length(config.get("moe_intermediate_size", config["intermediate_size"]))
    writer.add_expert_shared_count(config.get("n_shared_experts", 0))
    dense = (config.get("mlp_layer_types") or []).count("dense")
    experts = config.get("n_routed_experts")
    writer.add_leading_dense_block_count(config.get("first_k_dense_replace", dense) if experts
                                         else config["num_hidden_layers"])
    if not experts:
        return
    writer.add_expert_count(experts)
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_weights_scale(config["routed_scaling_factor"])
    if config["norm_topk_prob"]:
        writer.add_expert_weights_norm(True)
    if is_early:
        return
    writer.add_expert_group_count(config["n_group"])
    writer.add_expert_group_used_count(config["topk_group"])
    is_softmax = config["model_type"] == "deepseek_v2"
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SOFTMAX if is_softmax
                                  else gguf.ExpertGatingFuncType.SIGMOID)


def write_latent(path: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    architecture = LATENT[config["model_type"]]
    is_early = path.stem in EARLY
    names = gguf.get_tensor_name_map(ARCHITECTURES[architecture], config["num_hidden_layers"])
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    add_latent_keys(writer, config, is_early)
    if config["model_type"] != "minicpm3":
        add_router_keys(writer, config, is_early)
    rope = config["rope_parameters"]
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_log_mul(0.1 * rope["mscale_all_dim"])
        if not is_early:
            writer.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
            writer.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
    elif rope["rope_type"] == "longrope":
        add(writer, "rope_factors_long.weight", torch.tensor(rope["long_factor"]))
        add(writer, "rope_factors_short.weight", torch.tensor(rope["short_factor"]))
    else:
        assert rope["rope_type"] == "default", rope
    tensors = stack_experts(tensors if is_early else split_latents(tensors, config))
    for name, tensor in tensors.items():
        name = name.replace("e_score_correction_bias", "e_score_correction.bias")
        known = name if name.startswith("blk.") else names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert known, f"{name} has no name in this architecture"
        add(writer, known, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add(writer: gguf.GGUFWriter, name: str, tensor: torch.Tensor) -> None:
    """Vectors are f32, as converters have them; matrices keep their type."""
    if tensor.dim() == 1:
        writer.add_tensor(name, tensor.float().numpy())
    elif tensor.dtype == torch.bfloat16:
        writer.add_tensor(name, tensor.contiguous().view(torch.uint16).numpy(),
                          raw_dtype=gguf.GGMLQuantizationType.BF16)
    else:
        writer.add_tensor(name, tensor.numpy())


def can_write(name: str, config: dict) -> bool:
    """Of decoders whose layers are all alike, or of an architecture with a key for that."""
    if config["model_type"] in {"mamba", "falcon_mamba", "mamba2", "nemotron_h"} | LATENT.keys():
        return name not in UNSAID
    architecture = ALIASES.get(config["model_type"], config["model_type"])
    if "text_config" in config or name in UNSAID or architecture not in WRITTEN or config.get("use_sliding_window"):
        return False
    kinds = set(config.get("layer_types") or [])
    has_kinds = WINDOWED | HYBRIDS | {"cohere2", "gemma2", "gemma3", "gpt-oss", "lfm2", "lfm2moe", "granitehybrid"}
    return kinds <= {"full_attention"} or architecture in has_kinds


class Shape:
    """What all kinds of configs say, under one name each."""

    def __init__(self, config: dict):
        def first(*names, default=None):
            return next((config[name] for name in names if config.get(name) is not None), default)
        self.hidden = first("hidden_size", "n_embd")
        self.layers = first("num_hidden_layers", "n_layer")
        self.heads = first("num_attention_heads", "n_head")
        self.kv_heads = first("num_key_value_heads", "num_kv_heads", default=self.heads)
        if config["model_type"] == "falcon" and config["multi_query"] and not config["new_decoder_architecture"]:
            self.kv_heads = 1
        self.head = first("head_dim", default=self.hidden // self.heads)
        self.wide = first("intermediate_size", "ffn_hidden_size", "n_inner", default=4 * self.hidden)
        self.positions = first("n_positions", "max_position_embeddings")
        self.rms = config.get("rms_norm_eps", config["norm_eps"] if "conv_L_cache" in config else None)
        self.layer_norm = first("layer_norm_eps", "norm_eps", "norm_epsilon", "layer_norm_epsilon",
                                default=1e-5 if config["model_type"] == "olmo" else None)
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        self.rope = rope.get("full_attention", rope)
        self.theta = self.rope.get("rope_theta") or config.get("rope_theta") or 10000.0
        self.turned = int(self.head * self.rope.get("partial_rotary_factor", 1.0))


def add_rope(writer: gguf.GGUFWriter, config: dict, shape: Shape) -> None:
    rope, kind = shape.rope, shape.rope.get("rope_type", "default")
    writer.add_rope_dimension_count(shape.turned)
    theta = shape.theta
    if kind == "llama3":
        add(writer, "rope_freqs.weight", llama3_factors(rope, theta, shape.head))
    elif kind == "dynamic":
        theta *= rope["alpha"] ** (shape.head / (shape.head - 2))
        writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)
    elif kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    elif kind == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        if "attention_factor" in rope:
            writer.add_rope_scaling_attn_factors(rope["attention_factor"])
        if "mscale_all_dim" in rope:
            writer.add_rope_scaling_yarn_log_mul(rope["mscale_all_dim"])
        if "llama_4_scaling_beta" in rope:
            writer.add_attn_temperature_scale(rope["llama_4_scaling_beta"])
    elif kind == "longrope":
        original = config["original_max_position_embeddings"]
        scale = config["max_position_embeddings"] / original
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(scale) / math.log(original)))
        add(writer, "rope_factors_long.weight", torch.tensor(rope["long_factor"]))
        add(writer, "rope_factors_short.weight", torch.tensor(rope["short_factor"]))
    else:
        assert kind in ("default", "proportional"), kind
    writer.add_rope_freq_base(theta)


def add_keys(writer: gguf.GGUFWriter, architecture: str, config: dict, shape: Shape) -> None:
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(shape.positions)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.wide)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    if "head_dim" in config or architecture in ("llama", "qwen2", "qwen3"):
        writer.add_key_length(shape.head)
        writer.add_value_length(shape.head)
    if architecture not in ("gpt2", "jamba"):
        add_rope(writer, config, shape)
    if shape.rms is not None and architecture != "olmo":
        writer.add_layer_norm_rms_eps(shape.rms)
    else:
        writer.add_layer_norm_eps(shape.layer_norm)
    if config.get("sliding_window") and architecture in WINDOWED | {"cohere2", "gemma2", "gemma3", "gpt-oss", "phi3"}:
        writer.add_sliding_window(config["sliding_window"])
        if architecture in WINDOWED:
            writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])
    if architecture in ("stablelm", "gptneox"):
        writer.add_parallel_residual(config["use_parallel_residual"])
    if architecture in ("command-r", "cohere2"):
        writer.add_logit_scale(config["logit_scale"])
        writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)
    if architecture in ("granite", "granitemoe", "granitehybrid") and "attention_multiplier" in config:
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if architecture == "minicpm":
        writer.add_embedding_scale(config["scale_emb"])
        writer.add_residual_scale(config["scale_depth"] / shape.layers**0.5)
        writer.add_logit_scale(shape.hidden / config["dim_model_base"])
    if architecture == "olmo" and config["clip_qkv"]:
        writer.add_clamp_kqv(config["clip_qkv"])
    if config.get("attn_logit_softcapping"):
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    if config.get("final_logit_softcapping"):
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if architecture == "falcon":
        writer.add_tensor_data_layout("jploski")


def converted(architecture: str, shape: Shape, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """What the converter makes of a tensor."""
    if architecture in INTERLEAVED and ("q_proj" in name or "k_proj" in name):
        return adjacent_pairs(tensor, shape.heads if "q_proj" in name else shape.kv_heads)
    if architecture in SUMMED_NORMS and name.endswith("norm.weight"):
        return tensor.float() + 1
    if architecture == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
        return tensor.T.contiguous()
    if architecture in ("gptneox", "falcon") and "query_key_value" in name:
        groups = tensor.reshape(shape.kv_heads, -1, shape.head, *tensor.shape[1:])
        parts = (groups[:, :-2], groups[:, -2:-1], groups[:, -1:])
        return torch.cat([part.reshape(-1, *tensor.shape[1:]) for part in parts])
    return tensor


def stacked_norms(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Norms that files have head by head as one tensor each."""
    found: dict[str, list[torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if ".norms." in name:
            found.setdefault(name.split(".norms.")[0], []).append(tensor)
    kept = {name: tensor for name, tensor in tensors.items() if ".norms." not in name}
    return kept | {f"{name}.weight": torch.stack(norms) for name, norms in found.items()}


def fused(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Queries, keys and values of a layer in one tensor, as files of the first converters of a family have them."""
    result = {}
    for name, tensor in tensors.items():
        if ".q_proj." in name:
            parts = [tensors[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            result[name.replace("self_attn.q_proj", "self_attn.qkv_proj")] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            result[name] = tensor
    return result


def stack_experts(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """One tensor for each matrix of all experts, whichever way they are kept."""
    stacks: dict[str, list[torch.Tensor]] = {}
    stacked = {}
    for name, tensor in tensors.items():
        layer = re.sub(r"^(?:model|backbone)\.layers\.(\d+)\..*", r"blk.\1.", name)
        if match := EXPERT.fullmatch(name):
            matrix = EXPERT_NAMES.get(match.group(3), match.group(3)).removesuffix("_proj")
            stacks.setdefault(f"{layer}ffn_{matrix}_exps.weight", []).append((int(match.group(2)), tensor))
        elif name.endswith("block_sparse_moe.input_linear.weight"):
            gate, up = tensor.chunk(2, dim=1)
            stacked |= {layer + "ffn_gate_exps.weight": gate, layer + "ffn_up_exps.weight": up}
        elif name.endswith("block_sparse_moe.output_linear.weight"):
            stacked[layer + "ffn_down_exps.weight"] = tensor
        elif name.endswith("experts.gate_up_proj") and name + "_bias" not in tensors:  # Qwen: gate, then up
            gate, up = tensor.chunk(2, dim=1)
            stacked |= {layer + "ffn_gate_exps.weight": gate, layer + "ffn_up_exps.weight": up}
        elif name.endswith("experts.down_proj") and name + "_bias" not in tensors:
            stacked[layer + "ffn_down_exps.weight"] = tensor
        elif name.endswith("experts.gate_up_proj"):  # gpt-oss: inputs first, gate and up in turn
            stacked |= {layer + "ffn_gate_exps.weight": tensor[..., ::2].transpose(1, 2),
                        layer + "ffn_up_exps.weight": tensor[..., 1::2].transpose(1, 2)}
        elif name.endswith("experts.gate_up_proj_bias"):
            stacked |= {layer + "ffn_gate_exps.bias": tensor[..., ::2], layer + "ffn_up_exps.bias": tensor[..., 1::2]}
        elif name.endswith("experts.down_proj"):
            stacked[layer + "ffn_down_exps.weight"] = tensor.transpose(1, 2)
        elif name.endswith("experts.down_proj_bias"):
            stacked[layer + "ffn_down_exps.bias"] = tensor
        elif name.endswith("self_attn.sinks"):
            stacked[layer + "attn_sinks.weight"] = tensor
        elif name.endswith("mlp.shared_expert_gate.weight"):
            stacked[layer + "ffn_gate_inp_shexp.weight"] = tensor[0]
        else:
            stacked[name] = tensor
    for name, experts in stacks.items():
        stacked[name] = torch.stack([tensor for _, tensor in sorted(experts, key=lambda item: item[0])])
    return {name: tensor.contiguous() for name, tensor in stacked.items()}


def add_experts(writer: gguf.GGUFWriter, config: dict) -> None:
    def first(*names):
        return next((config[name] for name in names if config.get(name)), None)
    experts = first("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
    if not experts:
        return
    used = first("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts")
    writer.add_expert_count(experts)
    writer.add_expert_used_count(used[0] if isinstance(used, list) else used)
    if "moe_intermediate_size" in config:
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    if shared := first("shared_expert_intermediate_size", "shared_intermediate_size"):
        writer.add_expert_shared_feed_forward_length(shared)
    if "n_routed_experts" in config:
        writer.add_expert_shared_count(config["n_shared_experts"])
        writer.add_leading_dense_block_count(config["first_k_dense_replace"])
        writer.add_expert_weights_scale(config["routed_scaling_factor"])
        writer.add_expert_weights_norm(config["norm_topk_prob"])
        writer.add_expert_group_count(config["n_group"])
        writer.add_expert_group_used_count(config["topk_group"])


def write_gguf(path: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    if config["model_type"] in ("mamba", "falcon_mamba"):
        return write_mamba(path, config, tensors)
    if config["model_type"] in ("mamba2", "nemotron_h"):
        return write_mamba2(path, config, tensors)
    if config["model_type"] in LATENT:
        return write_latent(path, config, tensors)
    name = ALIASES.get(config["model_type"], config["model_type"])
    shape = Shape(config)
    names = gguf.get_tensor_name_map(ARCHITECTURES[name], shape.layers)
    writer = gguf.GGUFWriter(path, name)
    add_keys(writer, name, config, shape)
    add_experts(writer, config)
    is_hybrid = "linear_num_key_heads" in config
    if is_hybrid:
        add_delta_net_keys(writer, config)
        tensors = unpack_delta_nets(tensors, config)
    tiny_gguf_kinds.add_own_keys(writer, name, config, tensors)
    tensors = tiny_gguf_kinds.prepared(name, config, tensors)
    tensors = stack_experts(fused(tensors) if name in FUSED else stacked_norms(tensors))
    for tensor_name, tensor in tensors.items():
        if is_hybrid:
            tensor_name, tensor = of_delta_net(tensor_name, tensor, config)
        is_known = tensor_name.startswith("blk.")
        known = tensor_name if is_known else names.get_name(tensor_name, try_suffixes=(".weight", ".bias"))
        assert known, f"{tensor_name} has no name in this architecture"
        add(writer, known, converted(name, shape, tensor_name, tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
