#!/usr/bin/env python3
"""Converts the stories260K test model (llama2.c layout) into a Hugging Face directory.

  tools/stories260k.py SOURCE_DIR TARGET_DIR

SOURCE_DIR holds stories260K.bin and tok512.bin; their layout is described in FORMAT.md beside them. Standard library
only: weights are moved as bytes, never computed with.
"""
import hashlib
import json
import struct
import sys
from pathlib import Path

SHA256 = {
    "stories260K.bin": "b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696",
    "tok512.bin": "037cb335abb25d1fa9e8ecae30ed2a3a8ace9302862ebcdc05d51a6bbb10c312",
}
FLOAT = 4
SPACE = "\u2581"  # how SentencePiece writes a blank inside a piece
BOS, EOS = 1, 2
FIRST_BYTE, FIRST_PIECE = 3, 259


def read_checked(path: Path) -> bytes:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256[path.name]:
        raise ValueError(f"{path} is not the file FORMAT.md describes (another sha256)")
    return data


def half_split(matrix: bytes, heads: int, head_size: int, row_bytes: int) -> bytes:
    """Rows of adjacent rotary pairs (2i, 2i+1) in Hugging Face's order: inside each head even rows, then odd rows."""
    rows = []
    for head in range(heads):
        order = [*range(0, head_size, 2), *range(1, head_size, 2)]
        for row in order:
            start = (head * head_size + row) * row_bytes
            rows.append(matrix[start : start + row_bytes])
    return b"".join(rows)


def read_weights(data: bytes) -> tuple[dict, dict[str, tuple[list[int], bytes]]]:
    """config.json and the tensors, under Hugging Face's names, of one llama2.c file (version 0)."""
    dim, wide, layers, heads, kv_heads, vocab, context = struct.unpack_from("<7i", data)
    head_size = dim // heads
    offset = 7 * FLOAT

    def take(*shape: int) -> bytes:
        nonlocal offset
        size = FLOAT
        for extent in shape:
            size *= extent
        offset += size
        return data[offset - size : offset]

    tensors = {"model.embed_tokens.weight": ([vocab, dim], take(vocab, dim))}
    stacks = [  # name, shape, heads whose rows are in rotary pairs
        ("input_layernorm", [dim], 0),
        ("self_attn.q_proj", [heads * head_size, dim], heads),
        ("self_attn.k_proj", [kv_heads * head_size, dim], kv_heads),
        ("self_attn.v_proj", [kv_heads * head_size, dim], 0),
        ("self_attn.o_proj", [dim, heads * head_size], 0),
        ("post_attention_layernorm", [dim], 0),
        ("mlp.gate_proj", [wide, dim], 0),
        ("mlp.down_proj", [dim, wide], 0),
        ("mlp.up_proj", [wide, dim], 0),
    ]
    for name, shape, rotary_heads in stacks:
        for layer in range(layers):
            values = take(*shape)
            if rotary_heads:
                values = half_split(values, rotary_heads, head_size, dim * FLOAT)
            tensors[f"model.layers.{layer}.{name}.weight"] = (shape, values)
    tensors["model.norm.weight"] = ([dim], take(dim))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocab, "hidden_size": dim,
        "intermediate_size": wide, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "hidden_act": "silu", "max_position_embeddings": context,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": None, "attention_bias": False, "mlp_bias": False,
        "tie_word_embeddings": True, "bos_token_id": BOS, "eos_token_id": EOS, "torch_dtype": "float32",
    }
    return config, tensors


def safetensors(tensors: dict[str, tuple[list[int], bytes]]) -> bytes:
    header, position = {"__metadata__": {"format": "pt"}}, 0
    for name, (shape, values) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [position, position + len(values)]}
        position += len(values)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(values for _, values in tensors.values())


def read_pieces(data: bytes, count: int) -> list[tuple[float, str]]:
    """(score, piece) by id, spelled as SentencePiece does."""
    pieces, offset = [], FLOAT
    for _ in range(count):
        score, length = struct.unpack_from("<fi", data, offset)
        offset += 8
        pieces.append((score, data[offset : offset + length].decode().replace(" ", SPACE)))
        offset += length
    pieces[BOS], pieces[EOS] = (0.0, "<s>"), (0.0, "</s>")  # stored with line ends around them
    return pieces


def tokenizer(pieces: list[tuple[float, str]]) -> dict:
    """tokenizer.json as Llama 2 has it.

    The vocabulary joins the pair whose joined text has the best score. Merge ranks say the same: pieces by falling
    score, and for each piece every way to put it together from two others.
    """
    vocab = {piece: token for token, (_, piece) in enumerate(pieces)}
    merges = []
    for _, piece in sorted(pieces[FIRST_PIECE:], key=lambda item: -item[0]):
        splits = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        merges += [list(pair) for pair in splits if pair[0] in vocab and pair[1] in vocab]
    special = [{"id": token, "content": pieces[token][1], "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False, "special": True} for token in (0, BOS, EOS)]
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": SPACE},
            {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [bos, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [BOS], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": vocab, "merges": merges},
    }


def convert(source: Path, target: Path) -> None:
    config, tensors = read_weights(read_checked(source / "stories260K.bin"))
    pieces = read_pieces(read_checked(source / "tok512.bin"), config["vocab_size"])
    target.mkdir(parents=True, exist_ok=True)
    (target / "model.safetensors").write_bytes(safetensors(tensors))
    for name, value in {
        "config.json": config,
        # A story ends with BOS: the model was trained on stories one after another.
        "generation_config.json": {"bos_token_id": BOS, "eos_token_id": [BOS, EOS]},
        "tokenizer.json": tokenizer(pieces),
        "tokenizer_config.json": {"add_bos_token": True, "add_eos_token": False, "bos_token": "<s>",
                                  "eos_token": "</s>", "unk_token": "<unk>", "tokenizer_class": "LlamaTokenizer"},
    }.items():
        (target / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except (OSError, ValueError) as error:
        print(f"stories260k: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
