"""A quantized checkpoint beside its twin: the same numbers multiplied out in f32, which transformers computes what is
expected from. Used by tiny_fp8.py and tiny_mxfp4.py.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file


def write_both(directory: Path, twin: Path, stored: dict[str, torch.Tensor], multiplied: dict[str, torch.Tensor],
               quantization: dict) -> None:
    """Makes the checkpoint in `directory` one with these tensors and this quantization_config, and `twin` one without."""
    twin.mkdir(parents=True, exist_ok=True)
    save_file(multiplied, twin / "model.safetensors", metadata={"format": "pt"})
    save_file(stored, directory / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((directory / "config.json").read_text())
    (twin / "config.json").write_text(json.dumps(config))
    config["quantization_config"] = quantization
    (directory / "config.json").write_text(json.dumps(config, indent=1) + "\n")
