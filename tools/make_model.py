#!/usr/bin/env python3
"""Writes a GGUF of a real model's shape with random weights: for timing, where only shapes and formats matter.

  tools/make_model.py qwen3-0.6b q4_0 OUT.gguf [--seed 1]

Shapes: qwen3-0.6b, qwen3-1.7b, qwen3.5-0.8b, qwen3-30b-a3b-cut (12 of its layers), llama-3.2-1b, smollm2-135m.
Formats: q4_0, q4_1, q8_0, bf16; every matrix has the same one but routers of experts, the embedding too (which is also the head, as in
the real ones); norms are f32: what `llama-quantize --pure` makes. Codes and scales are drawn directly, none is the
rounding of anything, and sized so that activations and logits look like a model's. The same arguments give the same
bytes. The tokenizer is the demo model's, filled up to the shape's vocabulary with tokens no text contains. Needs numpy
and gguf; when they are missing it makes itself a virtual environment in build/ with tools/make_model_requirements.txt.
"""
import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from demo_model import cache_directory

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_name("make_model_requirements.txt")
DEMO_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

try:
    import gguf
    import numpy as np
except ImportError:
    gguf = np = None  # main() goes on in its own environment


@dataclass(frozen=True)
class Shape:
    architecture: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    context: int
    theta: float
    eps: float
    rope_factor: float = 0  # llama3 rescaling of frequencies; 0 for none
    experts: int = 0  # of width ffn; 0 for a plain MLP
    chosen: int = 0
    delta_heads: int = 0  # of size 128, in gated delta nets; every fourth layer attends, with a gate and a partial rope


SHAPES = {
    "qwen3-0.6b": Shape("qwen3", 1024, 28, 16, 8, 128, 3072, 151936, 40960, 1e6, 1e-6),
    "qwen3-1.7b": Shape("qwen3", 2048, 28, 16, 8, 128, 6144, 151936, 40960, 1e6, 1e-6),
    "llama-3.2-1b": Shape("llama", 2048, 16, 32, 8, 64, 8192, 128256, 131072, 5e5, 1e-5, rope_factor=32),
    "qwen3.5-0.8b": Shape("qwen35", 1024, 24, 8, 2, 256, 3584, 248320, 262144, 1e7, 1e-6, delta_heads=16),
    "qwen3-30b-a3b-cut": Shape("qwen3moe", 2048, 12, 32, 4, 128, 768, 151936, 40960, 1e6, 1e-6, experts=128, chosen=8),
    "smollm2-135m": Shape("llama", 576, 30, 9, 3, 64, 1536, 49152, 8192, 1e5, 1e-5),
}
FORMATS = ("q4_0", "q4_1", "q8_0", "bf16")
BLOCK = 32
DELTA_DIM, DELTA_CONV, DELTA_INTERVAL = 128, 4, 4


# Each returns the bytes of a [rows, columns] matrix, as u8 [rows, bytes of a row], whose values have mean 0 and the
# given standard deviation. Blocks differ in scale by up to 30 % so that no kernel gains from equal ones.
def scales(chooser, count: int, scale: float):
    return (scale * chooser.uniform(0.7, 1.3, count)).astype("<f2")


def nibbles(chooser, count: int, table) -> "np.ndarray":
    return table[np.frombuffer(chooser.bytes(count), np.uint8)]


def q4_0(chooser, rows: int, columns: int, deviation: float):
    # scale * (code - 8). Code 0 has no opposite: it becomes 8, a zero, and what is left is symmetric.
    code = np.arange(16)
    code[0] = 8
    spread = np.sqrt(np.mean((code - 8.0) ** 2))
    count = rows * columns // BLOCK
    blocks = np.empty(count, dtype=[("d", "<f2"), ("codes", "u1", 16)])
    blocks["d"] = scales(chooser, count, deviation / spread)
    table = (code[np.arange(256) >> 4] << 4 | code[np.arange(256) & 15]).astype(np.uint8)
    blocks["codes"] = nibbles(chooser, 16 * count, table).reshape(count, 16)
    return blocks.view(np.uint8).reshape(rows, -1)


def q4_1(chooser, rows: int, columns: int, deviation: float):
    # scale * code + minimum, the minimum in the middle of the codes.
    spread = np.sqrt(np.mean((np.arange(16) - 7.5) ** 2))
    count = rows * columns // BLOCK
    blocks = np.empty(count, dtype=[("d", "<f2"), ("m", "<f2"), ("codes", "u1", 16)])
    blocks["d"] = scales(chooser, count, deviation / spread)
    blocks["m"] = (-7.5 * blocks["d"].astype("f4")).astype("<f2")
    blocks["codes"] = nibbles(chooser, 16 * count, np.arange(256, dtype=np.uint8)).reshape(count, 16)
    return blocks.view(np.uint8).reshape(rows, -1)


def q8_0(chooser, rows: int, columns: int, deviation: float):
    code = np.arange(256)
    code[128] = 0  # -128 has no opposite
    spread = np.sqrt(np.mean(code.astype(np.int8).astype("f8") ** 2))
    count = rows * columns // BLOCK
    blocks = np.empty(count, dtype=[("d", "<f2"), ("codes", "u1", 32)])
    blocks["d"] = scales(chooser, count, deviation / spread)
    blocks["codes"] = nibbles(chooser, 32 * count, code.astype(np.uint8)).reshape(count, 32)
    return blocks.view(np.uint8).reshape(rows, -1)


def bf16(chooser, rows: int, columns: int, deviation: float):
    values = np.frombuffer(chooser.bytes(2 * rows * columns), "<i2").astype("<f4")
    values *= deviation * np.sqrt(3) / 32768
    return (values.view("<u4") >> 16).astype("<u2").view(np.uint8).reshape(rows, -1)


def is_delta(shape: Shape, layer: int) -> bool:
    return shape.delta_heads > 0 and (layer + 1) % DELTA_INTERVAL != 0


def matrices(shape: Shape):
    """(name, rows, columns, gain): a product with inputs of size 1 comes out with size `gain`."""
    # A layer's two contributions to the residual stream: all together of size 1. The MLP's input to its last matrix,
    # silu(gate) * up, is of size 0.6 only.
    attention, mlp = (2 * shape.layers) ** -0.5, (2 * shape.layers) ** -0.5 / 0.6
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        if is_delta(shape, layer):
            inner = shape.delta_heads * DELTA_DIM
            yield block + "attn_qkv", 3 * inner, shape.hidden, 1.0
            yield block + "attn_gate", inner, shape.hidden, 1.0
            yield block + "ssm_out", shape.hidden, inner, attention
        else:
            yield block + "attn_q", queries * (2 if shape.delta_heads else 1), shape.hidden, 1.0  # gates beside them
            yield block + "attn_k", keys, shape.hidden, 1.0
            yield block + "attn_v", keys, shape.hidden, 1.0
            yield block + "attn_output", shape.hidden, queries, attention
        experts, end = (shape.experts, "_exps") if shape.experts else (1, "")
        yield block + "ffn_gate" + end, experts * shape.ffn, shape.hidden, 1.0
        yield block + "ffn_up" + end, experts * shape.ffn, shape.hidden, 1.0
        yield block + "ffn_down" + end, experts * shape.hidden, shape.ffn, mlp * max(shape.chosen, 1) ** 0.5


def vectors(shape: Shape, chooser):
    """(name, values): the norms, and the factors of the rotation frequencies where the shape has them."""
    def norm(width: int):
        return chooser.uniform(0.8, 1.2, width).astype("<f4")

    if shape.rope_factor:
        yield "rope_freqs", rope_factors(shape)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        yield block + "attn_norm", norm(shape.hidden)
        yield block + ("post_attention_norm" if shape.delta_heads else "ffn_norm"), norm(shape.hidden)
        if shape.experts:
            router = chooser.normal(0, shape.hidden**-0.5, (shape.experts, shape.hidden))
            yield block + "ffn_gate_inp", router.astype("<f4")
        if is_delta(shape, layer):
            yield from delta_vectors(shape, block, chooser)
        elif shape.architecture.startswith("qwen3"):
            yield block + "attn_q_norm", norm(shape.head_dim)
            yield block + "attn_k_norm", norm(shape.head_dim)
    yield "output_norm", norm(shape.hidden)


def delta_vectors(shape: Shape, block: str, chooser):
    heads, columns = shape.delta_heads, 3 * shape.delta_heads * DELTA_DIM
    yield block + "ssm_a", -chooser.uniform(1, 16, heads).astype("<f4")  # of the decay, whole
    yield block + "ssm_dt.bias", chooser.normal(-4, 1, heads).astype("<f4")
    yield block + "ssm_conv1d", chooser.normal(0, DELTA_CONV**-0.5, (columns, DELTA_CONV)).astype("<f4")
    yield block + "ssm_norm", chooser.uniform(0.8, 1.2, DELTA_DIM).astype("<f4")
    for name in ("ssm_alpha", "ssm_beta"):
        yield block + name, chooser.normal(0, shape.hidden**-0.5, (heads, shape.hidden)).astype("<f4")


def rope_factors(shape: Shape):
    """llama3's rescaling as GGUF keeps it: what each frequency is divided by."""
    low, high, original = 1.0, 4.0, 8192.0
    wavelength = 2 * np.pi * shape.theta ** (2 * np.arange(shape.head_dim // 2) / shape.head_dim)
    blend = np.clip((original / wavelength - low) / (high - low), 0, 1)
    return (1 / ((1 - blend) / shape.rope_factor + blend)).astype("<f4")


def add_metadata(writer, shape: Shape, name: str, kind) -> None:
    writer.add_name(f"{name} with random weights")
    writer.add_file_type(kind)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.ffn)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.chosen)
        writer.add_expert_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim // 4 if shape.delta_heads else shape.head_dim)
    writer.add_rope_freq_base(shape.theta)
    writer.add_layer_norm_rms_eps(shape.eps)
    writer.add_vocab_size(shape.vocab)
    if shape.delta_heads:
        writer.add_ssm_conv_kernel(DELTA_CONV)
        writer.add_ssm_state_size(DELTA_DIM)
        writer.add_ssm_group_count(shape.delta_heads)
        writer.add_ssm_time_step_rank(shape.delta_heads)
        writer.add_ssm_inner_size(shape.delta_heads * DELTA_DIM)
        writer.add_full_attention_interval(DELTA_INTERVAL)
        writer.add_rope_dimension_sections([11, 11, 10, 0])


def add_tokenizer(writer, shape: Shape, demo: Path) -> None:
    reader = gguf.GGUFReader(demo)

    def value(key: str):
        return reader.fields[key].contents()

    tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    tokens += [f"unused{number}" for number in range(len(tokens), shape.vocab)]
    types += [int(gguf.TokenType.NORMAL)] * (len(tokens) - len(types))
    writer.add_tokenizer_model(value("tokenizer.ggml.model"))
    writer.add_tokenizer_pre(value("tokenizer.ggml.pre"))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(value("tokenizer.ggml.merges"))
    writer.add_bos_token_id(value("tokenizer.ggml.bos_token_id"))
    writer.add_eos_token_id(value("tokenizer.ggml.eos_token_id"))
    writer.add_pad_token_id(value("tokenizer.ggml.padding_token_id"))
    writer.add_add_bos_token(value("tokenizer.ggml.add_bos_token"))
    writer.add_add_space_prefix(value("tokenizer.ggml.add_space_prefix"))
    writer.add_chat_template(value("tokenizer.chat_template"))


class Progress:
    """How much is written: one line, written over, on a terminal; elsewhere a line every few seconds."""

    def __init__(self, total: int, stream=None, clock=time.monotonic):
        self.total, self.stream, self.clock = total, stream or sys.stderr, clock
        self.is_terminal = self.stream.isatty()
        self.interval = 0.1 if self.is_terminal else 5
        self.started = self.shown = clock()

    def show(self, done: int) -> None:
        now = self.clock()
        if now - self.shown < self.interval:
            return
        self.shown = now
        rate = done / 1e6 / (now - self.started)
        text = f"make_model: {done / 1e6:,.0f} of {self.total / 1e6:,.0f} MB, {rate:,.0f} MB/s"
        self.stream.write(f"\r\033[K{text}" if self.is_terminal else f"{text}\n")
        self.stream.flush()

    def end(self) -> None:
        """Wipes the line on a terminal: whatever is printed next starts at its beginning."""
        if self.is_terminal:
            self.stream.write("\r\033[K")
            self.stream.flush()


def write_model(shape: Shape, name: str, format_name: str, seed: int, demo: Path, out: Path) -> None:
    make = {"q4_0": q4_0, "q4_1": q4_1, "q8_0": q8_0, "bf16": bf16}[format_name]
    kind = gguf.GGMLQuantizationType[format_name.upper()]
    block_values, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    chooser = np.random.Generator(np.random.PCG64(seed))
    writer = gguf.GGUFWriter(out, shape.architecture)
    add_metadata(writer, shape, name, gguf.LlamaFileType[f"MOSTLY_{format_name.upper()}"])
    add_tokenizer(writer, shape, demo)

    plain = list(vectors(shape, chooser))
    # The embedding is the head, too: with normed activations of size 1 logits come out with size 2.5.
    wide = [("token_embd", shape.vocab, shape.hidden, 2.5), *matrices(shape)]
    for tensor, values in plain:
        name = tensor if tensor.endswith((".ssm_a", ".bias")) else f"{tensor}.weight"
        writer.add_tensor_info(name, values.shape, values.dtype, values.nbytes)
    total = 0
    for tensor, rows, columns, _ in wide:
        size = rows * columns // block_values * block_bytes
        row_bytes = columns // block_values * block_bytes
        stacked = (shape.experts, rows // shape.experts) if tensor.endswith("_exps") else (rows,)
        writer.add_tensor_info(f"{tensor}.weight", (*stacked, row_bytes), np.dtype(np.uint8), size, raw_dtype=kind)
        total += size
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _, values in plain:
        writer.write_tensor_data(values)
    done, progress = 0, Progress(total)
    for _, rows, columns, gain in wide:
        data = make(chooser, rows, columns, gain / columns**0.5)
        writer.write_tensor_data(data)
        done += data.nbytes
        progress.show(done)
    progress.end()
    writer.close()


def run_in_own_environment(script: str = __file__) -> None:
    """Starts the script again in build/make_model_venv, which is made when it is not there."""
    environment = ROOT / "build" / "make_model_venv"
    python, stamp = environment / "bin" / "python", environment / ".stamp"
    if Path(sys.prefix) == environment:
        sys.exit(f"make_model: {environment} lacks gguf or numpy; remove it and try again")
    if not stamp.is_file() or stamp.read_text() != REQUIREMENTS.read_text():
        print(f"make_model: installing numpy and gguf into {environment}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                        str(REQUIREMENTS)], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    os.execv(python, [str(python), script, *sys.argv[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("out", type=Path, metavar="OUT.gguf")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if gguf is None:
        run_in_own_environment()
    demo = cache_directory() / DEMO_FILE
    if not demo.is_file():
        sys.exit(f"make_model: {demo} is not there, and its tokenizer is needed (tools/demo_model.py gets it)")
    part = arguments.out.with_name(arguments.out.name + ".part")
    try:
        write_model(SHAPES[arguments.shape], arguments.shape, arguments.format, arguments.seed, demo, part)
        part.replace(arguments.out)
    finally:
        part.unlink(missing_ok=True)
    print(f"make_model: {arguments.out}: {arguments.out.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
