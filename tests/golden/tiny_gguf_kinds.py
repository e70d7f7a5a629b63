"""What a converter does for one architecture alone: tensors taken apart, folded or squeezed before they get their names
(`prepared`), and keys beside those that all have, or in their place (`add_own_keys`). Used by tiny_gguf.py.
"""
import re

import gguf
import torch

# Mamba-2 beside attention, whose tensors are under `mamba`.
STATE_SPACES = {"granitehybrid", "falcon-h1"}
# Whose published files have a layer that predicts further tokens, counted among the others.
PREDICTING = {"glm4moe", "qwen35moe"}
GEMMA4_LAYER = {"layer_scalar": "layer_output_scale.weight", "router.scale": "ffn_gate_inp.scale",
                "router.per_expert_scale": "ffn_down_exps.scale", "experts.gate_up_proj": "ffn_gate_up_exps.weight",
                "experts.down_proj": "ffn_down_exps.weight"}


def attending_layers(config: dict) -> list[bool]:
    kinds = config.get("layer_types")
    if config["model_type"] == "jamba":
        return [layer % config["attn_layer_period"] == config["attn_layer_offset"]
                for layer in range(config["num_hidden_layers"])]
    if kinds is None:
        return [layer in config["attn_layer_indices"] for layer in range(config["num_hidden_layers"])]
    return [kind in ("attention", "full_attention") for kind in kinds]


def of_mamba2(name: str, tensor: torch.Tensor, groups: int) -> tuple[str, torch.Tensor]:
    """Rates and skips as columns, norms group by group, and the name by which the gguf package knows it."""
    if name.endswith(".A_log"):
        tensor = -torch.exp(tensor.float()).reshape(-1, 1)
    elif re.search(r"\.(mixer|mamba)\.D$", name):
        tensor = tensor.float().reshape(-1, 1)
    elif name.endswith(".conv1d.weight"):
        tensor = tensor.squeeze().float()
    elif re.search(r"\.(mixer|mamba)\.norm\.weight$", name):
        tensor = tensor.float().reshape(groups, -1)
    return name.replace(".dt_bias", ".dt_proj.bias"), tensor


def folded(config: dict, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Falcon-H1's scales inside its weights."""
    scales = {"down_proj": config["mlp_multipliers"][1], "gate_proj": config["mlp_multipliers"][0],
              "k_proj": config["key_multiplier"] * config["attention_in_multiplier"],
              "q_proj": config["attention_in_multiplier"], "v_proj": config["attention_in_multiplier"],
              "o_proj": config["attention_out_multiplier"], "out_proj": config["ssm_out_multiplier"],
              "lm_head": config["lm_head_multiplier"], "embed_tokens": config["embedding_multiplier"]}
    part = name.split(".")[-2]
    if part == "in_proj":
        inner, shared = config["mamba_d_ssm"], config["mamba_n_groups"] * config["mamba_d_state"]
        counts = [inner, inner, shared, shared, config["mamba_n_heads"]]
        parts = zip(tensor.float().split(counts), config["ssm_multipliers"])
        return torch.cat([rows * scale * config["ssm_in_multiplier"] for rows, scale in parts])
    return tensor.float() * scales[part] if part in scales else tensor


def shared_halves(name: str, tensor: torch.Tensor, has_experts: bool) -> dict[str, torch.Tensor]:
    """Granite's gate and up of the MLP that all tokens go to, apart."""
    layer = re.sub(r"^model\.layers\.(\d+)\..*", r"blk.\1.", name)
    kind = "_shexp" if has_experts else ""
    if name.endswith("output_linear.weight"):
        return {f"{layer}ffn_down{kind}.weight": tensor}
    gate, up = tensor.chunk(2)
    return {f"{layer}ffn_gate{kind}.weight": gate.contiguous(), f"{layer}ffn_up{kind}.weight": up.contiguous()}


def prepared(architecture: str, config: dict, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    result = {}
    for name, tensor in tensors.items():
        if name.endswith(("e_score_correction_bias", ".expert_bias")):
            name = name.replace("correction_bias", "correction.bias").replace(".expert_bias", ".expert_bias.bias")
            tensor = tensor.reshape(-1)
        elif architecture in ("lfm2", "lfm2moe") and name.endswith("conv.conv.weight"):
            tensor = tensor.squeeze(1)
        elif architecture == "apertus" and ".act_fn." in name:
            continue
        elif ".shared_mlp." in name and name.endswith("_linear.weight"):
            result |= shared_halves(name, tensor, bool(config["num_local_experts"]))
            continue
        elif architecture == "gemma4" and (match := re.fullmatch(r"model\.layers\.(\d+)\.(.*)", name)):
            if match.group(2) in GEMMA4_LAYER:
                name = f"blk.{match.group(1)}.{GEMMA4_LAYER[match.group(2)]}"
        elif architecture == "jamba" and name.endswith(".A_log"):
            tensor = -torch.exp(tensor.float())
        elif architecture == "jamba" and name.endswith(".conv1d.weight"):
            tensor = tensor.squeeze().float()
        if architecture == "falcon-h1":
            tensor = folded(config, name, tensor)
        if architecture in STATE_SPACES:
            name, tensor = of_mamba2(name, tensor, config["mamba_n_groups"])
        result[name] = tensor
    return result


def add_state_space_keys(writer: gguf.GGUFWriter, architecture: str, config: dict) -> None:
    inner = config.get("mamba_d_ssm") or config["mamba_expand"] * config["hidden_size"]
    writer.add_ssm_conv_kernel(config["mamba_d_conv"])
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(config["mamba_d_state"])
    writer.add_ssm_time_step_rank(config["mamba_n_heads"])
    writer.add_ssm_group_count(config["mamba_n_groups"])
    if architecture == "granitehybrid":
        add_kv_heads(writer, config)
        if "shared_intermediate_size" in config:
            writer.add_expert_shared_feed_forward_length(config["shared_intermediate_size"])
        writer.add_rope_scaling_finetuned(config["model_type"] == "bamba")


def add_kv_heads(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_head_count_kv([config["num_key_value_heads"] * attends for attends in attending_layers(config)])


def add_gemma4_keys(writer: gguf.GGUFWriter, config: dict) -> None:
    windows = [kind == "sliding_attention" for kind in config["layer_types"]]
    own = config["per_layer_config"] if config.get("per_layer_config") else {}
    full = own.get(str(windows.index(False)), {})
    head, wide_head = config["head_dim"], full.get("head_dim", config["head_dim"])
    heads = config["num_key_value_heads"]
    first_shared = len(windows) - config["num_kv_shared_layers"]
    writer.add_shared_kv_layers(config["num_kv_shared_layers"])
    writer.add_embedding_length_per_layer_input(config["hidden_size_per_layer_input"] or 0)
    writer.add_key_length(wide_head)
    writer.add_value_length(wide_head)
    writer.add_key_length_swa(head)
    writer.add_value_length_swa(head)
    writer.add_rope_dimension_count(wide_head)
    writer.add_rope_dimension_count_swa(head)
    writer.add_rope_freq_base_swa(config["rope_parameters"]["sliding_attention"]["rope_theta"])
    if "num_key_value_heads" in full:
        writer.add_head_count_kv([heads if is_window else full["num_key_value_heads"] for is_window in windows])
    if config["use_double_wide_mlp"]:
        wide = config["intermediate_size"]
        writer.add_feed_forward_length([wide * (1 + (layer >= first_shared)) for layer in range(len(windows))])
    pairs = wide_head // 2
    turned = int(wide_head * config["rope_parameters"]["full_attention"]["partial_rotary_factor"] / 2)
    factors = torch.tensor([1.0] * turned + [1e30] * (pairs - turned), dtype=torch.float32)
    writer.add_tensor("rope_freqs.weight", factors.numpy())


def add_xielu(writer: gguf.GGUFWriter, tensors: dict[str, torch.Tensor], layers: int) -> None:
    def numbers(part: str) -> list[float]:
        return [tensors[f"model.layers.{layer}.mlp.act_fn.{part}"].float().item() for layer in range(layers)]
    writer.add_xielu_alpha_n(numbers("alpha_n"))
    writer.add_xielu_alpha_p(numbers("alpha_p"))
    writer.add_xielu_beta(numbers("beta"))
    writer.add_xielu_eps(numbers("eps"))


def add_nemotron_experts(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_expert_count(config["n_routed_experts"])
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    writer.add_expert_shared_feed_forward_length(config["moe_shared_expert_intermediate_size"])
    writer.add_expert_shared_count(config["n_shared_experts"])
    writer.add_expert_weights_norm(config["norm_topk_prob"])
    writer.add_expert_weights_scale(config["routed_scaling_factor"])
    writer.add_expert_group_count(config["n_group"])
    writer.add_expert_group_used_count(config["topk_group"])
    if config["moe_latent_size"] is not None:
        writer.add_moe_latent_size(config["moe_latent_size"])


def add_own_keys(writer: gguf.GGUFWriter, architecture: str, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    if architecture in PREDICTING:
        layers = config["num_hidden_layers"]
        writer.add_block_count(layers + 1)
        writer.add_nextn_predict_layers(1)
        writer.add_tensor(f"blk.{layers}.nextn.enorm.weight", torch.ones(config["hidden_size"]).numpy())
    if architecture in STATE_SPACES:
        add_state_space_keys(writer, architecture, config)
    elif architecture == "jamba":
        add_kv_heads(writer, config)
        writer.add_ssm_conv_kernel(config["mamba_d_conv"])
        writer.add_ssm_inner_size(config["mamba_expand"] * config["hidden_size"])
        writer.add_ssm_state_size(config["mamba_d_state"])
        writer.add_ssm_time_step_rank(config["mamba_dt_rank"])
    elif architecture in ("lfm2", "lfm2moe"):
        add_kv_heads(writer, config)
        writer.add_shortconv_l_cache(config["conv_L_cache"])
        if architecture == "lfm2moe":
            writer.add_leading_dense_block_count(config["num_dense_layers"])
        else:
            writer.add_feed_forward_length(tensors["model.layers.0.feed_forward.w1.weight"].shape[0])
    elif architecture == "gemma4":
        add_gemma4_keys(writer, config)
    elif architecture == "apertus":
        add_xielu(writer, tensors, config["num_hidden_layers"])
    elif architecture == "minimax-m2":
        writer.add_expert_feed_forward_length(config["intermediate_size"])
    elif architecture == "ernie4_5-moe":
        writer.add_interleave_moe_layer_step(config["moe_layer_interval"])
        writer.add_leading_dense_block_count(config["moe_layer_start_index"])
        writer.add_expert_shared_count(config["moe_num_shared_experts"])
        writer.add_expert_shared_feed_forward_length(config["intermediate_size"] // config["num_key_value_heads"])
    elif architecture == "hunyuan-moe":
        writer.add_expert_feed_forward_length(config["intermediate_size"])
        writer.add_expert_shared_feed_forward_length(config["intermediate_size"])
        writer.add_expert_shared_count(1)
