#!/usr/bin/env python3
"""Writes a Hugging Face folder of a real model's shape with random bf16 weights: to serve where no model is at hand.

  tools/random_folder.py llama-3.1-8b OUT [--layers N]

Shapes: qwen3-0.6b, llama-3.2-1b, llama-3.1-8b. Matrices of one width repeat the same four million values, scaled so that
activations and logits look like a model's. The tokenizer is that of tests/golden's tiny models, a token a letter or two,
filled up to the shape's vocabulary with words no text contains: an answer is readable nonsense. Needs numpy.
"""
import argparse
import json
import struct
import sys
from pathlib import Path

try:
    import numpy as np
except ImportError:
    sys.exit("random_folder: needs numpy (pip install numpy)")

TINY = Path(__file__).resolve().parent.parent / "tests/golden/models/llama2_like"
# architecture, model_type, layers, hidden, heads, KV heads, head dimension, FFN, vocabulary, context, theta, tied, head norms
SHAPES = {
    "qwen3-0.6b": ("Qwen3ForCausalLM", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, 40960, 1e6, True, True),
    "llama-3.2-1b": ("LlamaForCausalLM", "llama", 16, 2048, 32, 8, 64, 8192, 128256, 131072, 5e5, True, False),
    "llama-3.1-8b": ("LlamaForCausalLM", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 131072, 5e5, False, False),
}
BLOCK = 1 << 22


def bf16(values) -> bytes:
    return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def tensors(shape, layers: int):
    """(name, dimensions)"""
    _, _, _, hidden, heads, kv_heads, dim, ffn, vocab, _, _, is_tied, has_head_norms = shape
    yield "model.embed_tokens", (vocab, hidden)
    if not is_tied:
        yield "lm_head", (vocab, hidden)
    yield "model.norm", (hidden,)
    for layer in range(layers):
        name = f"model.layers.{layer}."
        yield name + "input_layernorm", (hidden,)
        yield name + "self_attn.q_proj", (heads * dim, hidden)
        yield name + "self_attn.k_proj", (kv_heads * dim, hidden)
        yield name + "self_attn.v_proj", (kv_heads * dim, hidden)
        yield name + "self_attn.o_proj", (hidden, heads * dim)
        if has_head_norms:
            yield name + "self_attn.q_norm", (dim,)
            yield name + "self_attn.k_norm", (dim,)
        yield name + "post_attention_layernorm", (hidden,)
        yield name + "mlp.gate_proj", (ffn, hidden)
        yield name + "mlp.up_proj", (ffn, hidden)
        yield name + "mlp.down_proj", (hidden, ffn)


def write_weights(path: Path, shape, layers: int) -> None:
    chooser = np.random.default_rng(1)
    header, at = {}, 0
    for name, dimensions in tensors(shape, layers):
        size = 2 * int(np.prod(dimensions))
        header[name + ".weight"] = {"dtype": "BF16", "shape": dimensions, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64 + 56)  # so that matrices are aligned in the file
    blocks = {}
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name, dimensions in tensors(shape, layers):
            left = 2 * int(np.prod(dimensions))
            if len(dimensions) == 1:
                out.write(bf16(chooser.normal(1, 0.1, dimensions[0])))
                continue
            columns = dimensions[1]
            if columns not in blocks:
                blocks[columns] = memoryview(bf16(chooser.normal(0, columns ** -0.5, BLOCK)))
            while left > 0:
                left -= out.write(blocks[columns][:left])


def write_tokenizer(folder: Path, vocab: int) -> None:
    tokenizer = json.loads((TINY / "tokenizer.json").read_text())
    words = tokenizer["model"]["vocab"]
    known = {*words.values(), *(token["id"] for token in tokenizer.get("added_tokens", []))}
    words |= {f"w{number} ": number for number in range(vocab) if number not in known}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    for name in ("tokenizer_config.json", "generation_config.json"):
        (folder / name).write_bytes((TINY / name).read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(prog="random_folder", description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, help="fewer than the shape has")
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    architecture, model_type, layers, hidden, heads, kv_heads, dim, ffn, vocab, context, theta, is_tied, _ = shape
    layers = arguments.layers or layers
    arguments.folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((TINY / "config.json").read_text()) | {
        "architectures": [architecture], "model_type": model_type, "num_hidden_layers": layers, "hidden_size": hidden,
        "num_attention_heads": heads, "num_key_value_heads": kv_heads, "head_dim": dim, "intermediate_size": ffn,
        "vocab_size": vocab, "max_position_embeddings": context, "rope_theta": theta, "tie_word_embeddings": is_tied}
    (arguments.folder / "config.json").write_text(json.dumps(config, indent=1))
    write_tokenizer(arguments.folder, vocab)
    write_weights(arguments.folder / "model.safetensors", shape, layers)


if __name__ == "__main__":
    main()
