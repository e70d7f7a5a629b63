"""A model of any size that costs nothing to make: a GGUF whose tensors are zeros that the file system does not store.

Loading it is real work (gigabytes are read, packed and written); what it says is not: every logit is 0, so a greedy
answer is the first token of the vocabulary for ever.
"""
import struct
from pathlib import Path

U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9  # kinds of values
FORMAT_F32, FORMAT_Q8_0 = 0, 8
ALIGNMENT = 32
HIDDEN, FFN, HEADS, CONTEXT = 2048, 8192, 16, 2048
TOKENS = ["a", "<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
TOKEN_TYPES = [1, 2, 3, 3] + [6] * 256  # normal, unknown, control, byte
MATRICES = {"attn_q": (HIDDEN, HIDDEN), "attn_k": (HIDDEN, HIDDEN), "attn_v": (HIDDEN, HIDDEN),
            "attn_output": (HIDDEN, HIDDEN), "ffn_gate": (FFN, HIDDEN), "ffn_up": (FFN, HIDDEN),
            "ffn_down": (HIDDEN, FFN)}


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind: int, one) -> bytes:
    return text(one) if kind == STRING else struct.pack({U32: "<I", I32: "<i", F32: "<f"}[kind], one)


def entry(key: str, kind: int, content) -> bytes:
    if not isinstance(content, list):
        return text(key) + struct.pack("<I", kind) + value(kind, content)
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(content)) + b"".join(value(kind, one) for one in content)


def metadata(layers: int) -> list[bytes]:
    return [
        entry("general.architecture", STRING, "llama"), entry("llama.block_count", U32, layers),
        entry("llama.context_length", U32, CONTEXT), entry("llama.embedding_length", U32, HIDDEN),
        entry("llama.feed_forward_length", U32, FFN), entry("llama.attention.head_count", U32, HEADS),
        entry("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        entry("tokenizer.ggml.model", STRING, "llama"), entry("tokenizer.ggml.tokens", STRING, TOKENS),
        entry("tokenizer.ggml.scores", F32, [0.0] * len(TOKENS)),
        entry("tokenizer.ggml.token_type", I32, TOKEN_TYPES),
        entry("tokenizer.ggml.unknown_token_id", U32, 1),
        entry("tokenizer.ggml.bos_token_id", U32, 2), entry("tokenizer.ggml.eos_token_id", U32, 3)]


def tensors(layers: int):
    """(name, shape as GGUF orders it, format, bytes)"""
    def matrix(name: str, rows: int, columns: int):
        return name + ".weight", (columns, rows), FORMAT_Q8_0, rows * columns * 34 // 32

    def norm(name: str):
        return name + ".weight", (HIDDEN,), FORMAT_F32, HIDDEN * 4

    yield matrix("token_embd", len(TOKENS), HIDDEN)
    yield norm("output_norm")
    for layer in range(layers):
        yield norm(f"blk.{layer}.attn_norm")
        yield norm(f"blk.{layer}.ffn_norm")
        for name, (rows, columns) in MATRICES.items():
            yield matrix(f"blk.{layer}.{name}", rows, columns)


def write_sparse_model(path: Path, layers: int) -> Path:
    """About 71 MB a layer."""
    entries, infos, offset = metadata(layers), [], 0
    for name, shape, kind, size in tensors(layers):
        infos.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
        offset += -(-size // ALIGNMENT) * ALIGNMENT
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(entries)) + b"".join(entries + infos)
    begin = -(-len(head) // ALIGNMENT) * ALIGNMENT
    with path.open("wb") as file:
        file.write(head)
        file.truncate(begin + offset)
    return path
