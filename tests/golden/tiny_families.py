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

import tiny_models

BASE = {"vocab_size": tiny_models.VOCAB, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        "max_position_embeddings": 512}

# name -> (class of the config, its arguments beside BASE)
FAMILIES = {
}


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


def make_model(name: str) -> torch.nn.Module:
    kind, arguments = FAMILIES[name]
    config = getattr(transformers, kind)(**(BASE | arguments))
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    randomize(model, seed=2000 + sum(name.encode()))
    return model.to(torch.bfloat16)


def write_model(directory: Path, name: str) -> None:
    """Writes the whole Hugging Face directory."""
    directory.mkdir(parents=True, exist_ok=True)
    model = make_model(name)
    model.save_pretrained(directory)
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1) + "\n")
    (directory / "generation_config.json").unlink(missing_ok=True)
    tiny_models.write_tokenizer(directory)
