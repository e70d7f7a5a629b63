"""A tiny random gpt-oss as it is published: the experts' matrices in MXFP4, blocks of 32 with two codes a byte, the even
one in the low half, and a power of two each.

What is expected of it is computed by transformers from its twin: the same numbers multiplied out in f32. Used by
make_model_golden.py.
"""
from pathlib import Path

import torch
from safetensors.torch import load_file

import tiny_families
from quantized_checkpoint import write_both

BLOCK, BIAS = 32, 127
VALUES = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
MODELS = {
    "gpt_oss_mxfp4_like": ("GptOssConfig", {
        "hidden_size": 64, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "num_local_experts": 4, "num_experts_per_tok": 2,
        "sliding_window": 8}),
}
QUANTIZATION = {"quant_method": "mxfp4", "modules_to_not_convert": [
    "model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]}


def quantized(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Blocks and exponents of [experts, inputs, outputs], as [experts, outputs, ..], and what both stand for."""
    turned = weight.transpose(1, 2)
    groups = turned.reshape(*turned.shape[:2], -1, BLOCK)
    exponents = torch.ceil(torch.log2(groups.abs().amax(-1, keepdim=True) / VALUES.max())).clamp(-BIAS, BIAS)
    codes = (groups.unsqueeze(-1) / 2**exponents.unsqueeze(-1) - VALUES).abs().argmin(-1)
    packed = (codes[..., 0::2] | codes[..., 1::2] << 4).to(torch.uint8)
    values = (VALUES[codes] * 2**exponents).reshape(turned.shape).transpose(1, 2).contiguous()
    return packed, (exponents.squeeze(-1) + BIAS).to(torch.uint8), values


def write_model(directory: Path, twin: Path, name: str) -> None:
    """Writes the checkpoint, and into `twin` the same without quantization."""
    tiny_families.write_model(directory, name, MODELS[name])
    stored, multiplied = {}, {}
    for key, value in load_file(directory / "model.safetensors").items():
        if not key.endswith(("gate_up_proj", "down_proj")):
            stored[key], multiplied[key] = value, value.float()
            continue
        stored[key + "_blocks"], stored[key + "_scales"], multiplied[key] = quantized(value.float())
    write_both(directory, twin, stored, multiplied, QUANTIZATION)
