"""A Hugging Face folder with random weights of a shape that every place computes, beside a tokenizer of tests/golden."""
import json
import random
import shutil
import struct
from pathlib import Path

from estoc_server import GOLDEN

HIDDEN, HEADS, KV_HEADS, HEAD_DIM, FFN, LAYERS, VOCAB, CONTEXT = 64, 3, 1, 64, 128, 3, 128, 256


def bf16(values) -> bytes:
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def make_random_model(folder: Path, **changes) -> Path:
    """`changes` are keys of its config."""
    source = GOLDEN / "models" / "llama2_like"
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copyfile(source / name, folder / name)
    config = json.loads((source / "config.json").read_text())
    config |= {"hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD_DIM,
               "intermediate_size": FFN, "num_hidden_layers": LAYERS, "vocab_size": VOCAB,
               "max_position_embeddings": CONTEXT, "tie_word_embeddings": False} | changes
    (folder / "config.json").write_text(json.dumps(config))
    chooser = random.Random(5)
    header, data = {}, bytearray()

    def add(name: str, shape: list[int], middle: float, spread: float) -> None:
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        begin = len(data)
        data.extend(bf16(chooser.gauss(middle, spread) for _ in range(count)))
        header[name + ".weight"] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, len(data)]}

    def matrix(name: str, rows: int, columns: int) -> None:
        add(name, [rows, columns], 0, 1.5 / columns ** 0.5)

    add("model.embed_tokens", [VOCAB, HIDDEN], 0, 1)
    matrix("lm_head", VOCAB, HIDDEN)
    add("model.norm", [HIDDEN], 1, 0.1)
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        add(name + "input_layernorm", [HIDDEN], 1, 0.1)
        add(name + "post_attention_layernorm", [HIDDEN], 1, 0.1)
        matrix(name + "self_attn.q_proj", HEADS * HEAD_DIM, HIDDEN)
        matrix(name + "self_attn.k_proj", KV_HEADS * HEAD_DIM, HIDDEN)
        matrix(name + "self_attn.v_proj", KV_HEADS * HEAD_DIM, HIDDEN)
        matrix(name + "self_attn.o_proj", HIDDEN, HEADS * HEAD_DIM)
        matrix(name + "mlp.gate_proj", FFN, HIDDEN)
        matrix(name + "mlp.up_proj", FFN, HIDDEN)
        matrix(name + "mlp.down_proj", HIDDEN, FFN)
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))
    return folder
