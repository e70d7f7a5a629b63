"""Tiny random checkpoints in FP8, as exporters write them: matrices of layers in E4M3 with one scale, one a row or one a
block, in bf16 or f32, beside embeddings, routers and norms that stay as they are.

What is expected of them is computed by transformers from their twins: the same numbers multiplied out in f32, because
its own FP8 layers want a GPU. Used by make_model_golden.py.
"""
from pathlib import Path

import torch
from safetensors.torch import load_file

import tiny_families
from quantized_checkpoint import write_both

LARGEST = 448.0
KEPT = ("embed_tokens", "lm_head", "norm", "mlp.gate.")
SMALL = {"hidden_size": 96, "intermediate_size": 80, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 16}
ROWS = {"quant_method": "compressed-tensors", "format": "float-quantized", "quantization_status": "compressed",
        "ignore": ["lm_head"], "kv_cache_scheme": None, "config_groups": {"group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True, "dynamic": False},
            "input_activations": {"num_bits": 8, "type": "float", "strategy": "token", "symmetric": True,
                                  "dynamic": True}}}}


def blocks(rows: int, columns: int) -> dict:
    return {"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "e4m3", "weight_block_size": [rows, columns],
            "modules_to_not_convert": ["lm_head"]}


# name -> (class of the config, its arguments, quantization_config)
MODELS = {
    # One scale a tensor, with those of activations, keys and values that were measured.
    "qwen3_fp8_tensor_like": ("Qwen3Config", SMALL, {"quant_method": "fp8", "activation_scheme": "static",
                                                     "kv_cache_scheme": "static"}),
    "llama_fp8_rows_like": ("LlamaConfig", SMALL, ROWS),
    # The last block of columns is narrower.
    "qwen3_fp8_blocks_like": ("Qwen3Config", SMALL, blocks(32, 32)),
    "qwen3_moe_fp8_like": ("Qwen3MoeConfig", {
        **SMALL, "moe_intermediate_size": 48, "num_experts": 6, "num_experts_per_tok": 3, "norm_topk_prob": True},
        blocks(16, 32)),
    # As devices need it.
    "qwen3_moe_fp8_wide_like": ("Qwen3MoeConfig", {
        "hidden_size": 128, "intermediate_size": 64, "moe_intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 64, "num_experts": 4, "num_experts_per_tok": 2,
        "norm_topk_prob": True, "mlp_only_layers": [0]}, blocks(64, 64)),
    # Keys' matrices are turned: a head's rows share a scale, and then they do not.
    "deepseek_v3_fp8_like": ("DeepseekV3Config", {
        **tiny_families.LATENT, "hidden_size": 64, "q_lora_rank": 32, "kv_lora_rank": 96, "qk_nope_head_dim": 32,
        "qk_rope_head_dim": 32, "v_head_dim": 32, "n_shared_experts": 1, "first_k_dense_replace": 1, "n_group": 4,
        "topk_group": 2, "num_mtp_layers": 0}, blocks(32, 32)),
    "deepseek_v3_fp8_narrow_like": ("DeepseekV3Config", {
        **tiny_families.LATENT, "q_lora_rank": 24, "first_k_dense_replace": 2, "num_hidden_layers": 2,
        "n_shared_experts": 1, "num_mtp_layers": 0}, blocks(16, 16)),
}


def quantized(weight: torch.Tensor, config: dict) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes, scales as the file has them, and what both stand for."""
    rows, columns = weight.shape
    if config["quant_method"] == "compressed-tensors":
        scale = (weight.abs().amax(1, keepdim=True) / LARGEST).to(torch.bfloat16)
        spread = scale.float().expand(rows, columns)
    elif "weight_block_size" in config:
        down, across = config["weight_block_size"]
        grid = (-(-rows // down), -(-columns // across))
        padded = torch.zeros(grid[0] * down, grid[1] * across)
        padded[:rows, :columns] = weight
        scale = padded.view(grid[0], down, grid[1], across).abs().amax((1, 3)) / LARGEST
        spread = scale.repeat_interleave(down, 0).repeat_interleave(across, 1)[:rows, :columns]
    else:
        scale = weight.abs().max() / LARGEST
        spread = scale.expand(rows, columns)
    codes = (weight / spread).clamp(-LARGEST, LARGEST).to(torch.float8_e4m3fn)
    return codes, scale, codes.float() * spread


def write_model(directory: Path, twin: Path, name: str) -> None:
    """Writes the checkpoint, and into `twin` the same without quantization."""
    kind, arguments, quantization = MODELS[name]
    tiny_families.write_model(directory, name, (kind, arguments))
    stored, multiplied = {}, {}
    for key, value in load_file(directory / "model.safetensors").items():
        if value.dim() != 2 or any(part in key for part in KEPT):
            stored[key], multiplied[key] = value, value.float()
            continue
        codes, scale, multiplied[key] = quantized(value.float(), quantization)
        suffix = "_scale_inv" if "weight_block_size" in quantization else "_scale"
        stored |= {key: codes, key + suffix: scale}
        if quantization.get("activation_scheme") == "static":
            stored[key.replace(".weight", ".input_scale")] = torch.tensor(0.01)
            if key.endswith("k_proj.weight"):
                stored |= {key.replace("k_proj.weight", which): torch.tensor(0.02) for which in ("k_scale", "v_scale")}
    write_both(directory, twin, stored, multiplied, quantization)
