#!/usr/bin/env python3
"""Writes a GGUF file of a real model's shape with random weights in Q4_0: to serve where no model is at hand.

  tools/random_gguf.py llama-3.1-8b OUT.gguf [--layers N]

The shapes of tools/random_folder.py. Matrices repeat the same four million codes; a token is a byte, or a word that no text
contains, so an answer is readable nonsense. Needs numpy.
"""
import argparse
import struct
from pathlib import Path

import numpy as np
from random_folder import BLOCK, SHAPES, tensors

F32, Q4_0 = 0, 2  # types of tensors
GROUP, GROUP_BYTES = 32, 18  # codes that share a scale
ALIGNMENT = 32
NAMES = {"model.embed_tokens": "token_embd", "lm_head": "output", "model.norm": "output_norm",
         "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
         "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def strings(values: list[str]) -> bytes:
    return struct.pack("<IQ", 8, len(values)) + b"".join(map(text, values))


def metadata(shape, layers: int) -> list[tuple[str, int, bytes]]:
    """(key, type, value): types are 4 u32, 6 f32, 8 string, 9 array."""
    _, model_type, _, hidden, heads, kv_heads, dim, ffn, vocab, context, theta, _, _ = shape
    numbers = {"vocab_size": vocab, "context_length": context, "embedding_length": hidden, "block_count": layers,
               "feed_forward_length": ffn, "attention.head_count": heads, "attention.head_count_kv": kv_heads,
               "attention.key_length": dim, "attention.value_length": dim, "rope.dimension_count": dim}
    pairs = [("general.architecture", 8, text(model_type))]
    pairs += [(f"{model_type}.{key}", 4, struct.pack("<I", value)) for key, value in numbers.items()]
    pairs += [(f"{model_type}.rope.freq_base", 6, struct.pack("<f", theta)),
              (f"{model_type}.attention.layer_norm_rms_epsilon", 6, struct.pack("<f", 1e-5))]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [2, 3, 3] + [6] * 256  # unknown, control, byte; words are 1, normal
    words = vocab - len(tokens)
    tokens += [f"w{number}\u2581" for number in range(words)]
    kinds += [1] * words
    scores = [0.0] * (vocab - words) + [-1.0 - number for number in range(words)]
    return pairs + [("tokenizer.ggml.model", 8, text("llama")),
                    ("tokenizer.ggml.tokens", 9, strings(tokens)),
                    ("tokenizer.ggml.scores", 9, struct.pack(f"<IQ{vocab}f", 6, vocab, *scores)),
                    ("tokenizer.ggml.token_type", 9, struct.pack(f"<IQ{vocab}i", 5, vocab, *kinds)),
                    ("tokenizer.ggml.bos_token_id", 4, struct.pack("<I", 1)),
                    ("tokenizer.ggml.eos_token_id", 4, struct.pack("<I", 2))]


def name_of(tensor: str) -> str:
    if not tensor.startswith("model.layers."):
        return NAMES[tensor] + ".weight"
    _, _, layer, rest = tensor.split(".", 3)
    return f"blk.{layer}.{NAMES[rest]}.weight"


def groups(columns: int, chooser) -> memoryview:
    """Q4_0 groups of BLOCK weights whose rows have a length of about one."""
    data = np.empty((BLOCK // GROUP, GROUP_BYTES), np.uint8)
    scale = np.full(len(data), columns ** -0.5 / 4.6, np.float16)  # 4.6: of codes from -8 to 7
    data[:, :2] = scale.view(np.uint8).reshape(-1, 2)
    data[:, 2:] = chooser.integers(0, 256, (len(data), GROUP_BYTES - 2), np.uint8)
    return memoryview(data.tobytes())


def write(path: Path, shape, layers: int) -> None:
    chooser = np.random.default_rng(1)
    listed, infos, at = list(tensors(shape, layers)), [], 0
    for name, dimensions in listed:
        is_matrix = len(dimensions) == 2
        count = int(np.prod(dimensions))
        infos.append(text(name_of(name)) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *reversed(dimensions),
                                                       Q4_0 if is_matrix else F32, at))
        at += -(-(count // GROUP * GROUP_BYTES if is_matrix else 4 * count) // ALIGNMENT) * ALIGNMENT
    pairs = metadata(shape, layers)
    blocks = {}
    with path.open("wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs)))
        for key, kind, value in pairs:
            out.write(text(key) + struct.pack("<I", kind) + value)
        out.write(b"".join(infos))
        out.write(bytes(-out.tell() % ALIGNMENT))
        for _, dimensions in listed:
            if len(dimensions) == 1:
                out.write(chooser.normal(1, 0.1, dimensions[0]).astype("<f4").tobytes())
            else:
                columns = dimensions[1]
                if columns not in blocks:
                    blocks[columns] = groups(columns, chooser)
                left = int(np.prod(dimensions)) // GROUP * GROUP_BYTES
                while left > 0:
                    left -= out.write(blocks[columns][:left])
            out.write(bytes(-out.tell() % ALIGNMENT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, help="fewer than the shape has")
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    write(arguments.out, shape, arguments.layers or shape[2])


if __name__ == "__main__":
    main()
