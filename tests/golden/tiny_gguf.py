"""The tiny checkpoints said again as GGUF files.

Names of tensors and keys are those of the gguf package; only what a converter does beside renaming is written here: rows
of q and k in the order of adjacent pairs where the architecture rotates so, the factors of llama3's scaling, what becomes
of gated delta nets, and experts stacked, gate and up apart.
"""
import json
import math
import re
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file

ARCHITECTURES = {name: architecture for architecture, name in gguf.MODEL_ARCH_NAMES.items()}
# Model types whose architecture has another name.
ALIASES = {"mistral": "llama", "mixtral": "llama", "qwen3_5_text": "qwen35", "qwen3_next": "qwen3next",
           "qwen2_moe": "qwen2moe", "qwen3_moe": "qwen3moe", "gpt_oss": "gpt-oss"}
PAIRS = {gguf.MODEL_ARCH.LLAMA, gguf.MODEL_ARCH.GRANITE_MOE}  # whose converters reorder rows of q and k
EXPERT = re.compile(r"(model\.layers\.\d+\.\w+\.experts)\.(\d+)\.(\w+)\.weight")
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
    if config["model_type"] == "qwen3_5_text":
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


def add_delta_net_keys(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_ssm_conv_kernel(config["linear_conv_kernel_dim"])
    writer.add_ssm_state_size(config["linear_key_head_dim"])
    writer.add_ssm_group_count(config["linear_num_key_heads"])
    writer.add_ssm_time_step_rank(config["linear_num_value_heads"])
    writer.add_ssm_inner_size(config["linear_value_head_dim"] * config["linear_num_value_heads"])
    writer.add_full_attention_interval(config["layer_types"].index("full_attention") + 1)
    if "mrope_section" in config["rope_parameters"]:
        writer.add_rope_dimension_sections([*config["rope_parameters"]["mrope_section"], 0])


def of_mamba2(name: str, tensor: torch.Tensor, groups: int) -> tuple[str, torch.Tensor]:
    """As of_delta_net: rates and skips as columns, norms group by group."""
    if name.endswith(".A_log"):
        tensor = -torch.exp(tensor.float()).reshape(-1, 1)
    elif name.endswith(".mixer.D"):
        tensor = tensor.float().reshape(-1, 1)
    elif name.endswith(".conv1d.weight"):
        tensor = tensor.squeeze().float()
    elif name.endswith(".mixer.norm.weight"):
        tensor = tensor.float().reshape(groups, -1)
    return name.replace(".dt_bias", ".dt_proj.bias"), tensor


def write_mamba2(path: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    """Mamba-2 alone, or Nemotron-H, whose kinds of layers are told by numbers a layer."""
    is_hybrid = config["model_type"] == "nemotron_h"
    architecture = ARCHITECTURES[config["model_type"]]
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
        writer.add_feed_forward_length([config["intermediate_size"] * (kind == "mlp") for kind in kinds])
    else:
        writer.add_head_count(0)
        writer.add_feed_forward_length(0)
    for name, tensor in tensors.items():
        name, tensor = of_mamba2(re.sub("^model[.]", "backbone.", name), tensor, config["n_groups"])
        add(writer, names.get_name(name, try_suffixes=(".weight", ".bias")), tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add(writer: gguf.GGUFWriter, name: str, tensor: torch.Tensor) -> None:
    """Vectors are f32, as converters have them; matrices keep their type."""
    if tensor.dim() == 1:
        writer.add_tensor(name, tensor.float().numpy())
    elif tensor.dtype == torch.bfloat16:
        writer.add_tensor(name, tensor.view(torch.uint16).numpy(), raw_dtype=gguf.GGMLQuantizationType.BF16)
    else:
        writer.add_tensor(name, tensor.numpy())


def can_write(config: dict) -> bool:
    """Of decoders whose layers are all alike: GGUF has no key for windows in some layers of Qwen."""
    return not config.get("use_sliding_window") and "layer_types" not in config


def stack_experts(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """One tensor for each matrix of all experts, whichever way they are kept."""
    stacks: dict[str, list[torch.Tensor]] = {}
    stacked = {}
    for name, tensor in tensors.items():
        layer = re.sub(r"^model\.layers\.(\d+)\..*", r"blk.\1.", name)
        if match := EXPERT.fullmatch(name):
            matrix = EXPERT_NAMES.get(match.group(3), match.group(3)).removesuffix("_proj")
            stacks.setdefault(f"{layer}ffn_{matrix}_exps.weight", []).append((int(match.group(2)), tensor))
        elif name.endswith("block_sparse_moe.input_linear.weight"):
            gate, up = tensor.chunk(2, dim=1)
            stacked |= {layer + "ffn_gate_exps.weight": gate, layer + "ffn_up_exps.weight": up}
        elif name.endswith("block_sparse_moe.output_linear.weight"):
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
    experts = config.get("num_local_experts") or config.get("num_experts")
    if not experts:
        return
    writer.add_expert_count(experts)
    writer.add_expert_used_count(config["num_experts_per_tok"])
    if "moe_intermediate_size" in config:
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    if "shared_expert_intermediate_size" in config:
        writer.add_expert_shared_feed_forward_length(config["shared_expert_intermediate_size"])


def add_multipliers(writer: gguf.GGUFWriter, config: dict) -> None:
    for key, add_key in {"embedding_multiplier": writer.add_embedding_scale, "logits_scaling": writer.add_logit_scale,
                         "residual_multiplier": writer.add_residual_scale,
                         "attention_multiplier": writer.add_attention_scale}.items():
        if key in config:
            add_key(config[key])


def write_from_folder(path: Path, directory: Path) -> None:
    """The GGUF file of a Hugging Face folder with one file of weights."""
    write_gguf(path, json.loads((directory / "config.json").read_text()),
               load_file(directory / "model.safetensors"))


def write_gguf(path: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    if config["model_type"] in ("mamba2", "nemotron_h"):
        return write_mamba2(path, config, tensors)
    architecture = ARCHITECTURES[ALIASES.get(config["model_type"], config["model_type"])]
    names = gguf.get_tensor_name_map(architecture, config["num_hidden_layers"])
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head = config.get("head_dim") or config["hidden_size"] // heads
    scaling = config.get("rope_scaling") or {}
    theta = config.get("rope_theta") or config.get("rope_parameters", {}).get("rope_theta", 10000.0)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    partial = config.get("rope_parameters", {}).get("partial_rotary_factor", 1)
    writer.add_rope_dimension_count(int(head * partial))
    writer.add_rope_freq_base(theta)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    is_hybrid = "linear_num_key_heads" in config
    if is_hybrid:
        add_delta_net_keys(writer, config)
    add_experts(writer, config)
    add_multipliers(writer, config)
    yarn = config.get("rope_parameters", {})
    if yarn.get("rope_type") == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(yarn["factor"])
        writer.add_rope_scaling_orig_ctx_len(yarn["original_max_position_embeddings"])
    if architecture == gguf.MODEL_ARCH.GPT_OSS:
        writer.add_sliding_window(config["sliding_window"])
    if scaling:
        assert scaling["rope_type"] == "llama3"
        add(writer, "rope_freqs.weight", llama3_factors(scaling, theta, head))
    for name, tensor in stack_experts(tensors).items():
        if is_hybrid:
            name, tensor = of_delta_net(name, tensor, config)
        if architecture in PAIRS and ("q_proj" in name or "k_proj" in name):
            tensor = adjacent_pairs(tensor, heads if "q_proj" in name else kv_heads)
        known = name if name.startswith("blk.") else names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert known, f"{name} has no name in this architecture"
        add(writer, known, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
