#!/usr/bin/env python3
"""Writes a GGUF model as a Hugging Face folder, for peers that read no GGUF: the same model, weights rounded once more.

  bench/peers/hf_model.py MODEL.gguf OUT_FOLDER [--format w8a8|bf16]

w8a8: every matrix but the embedding is int8 with one scale a row, in the layout of compressed-tensors, and activations
are to be rounded to int8 token by token; the rest is bf16. bf16: everything is. The model is a Qwen3 or a Llama without
rescaled rotations, with its embedding as its head, and a tokenizer of the demo model's kind: what tools/make_model.py
makes, and the demo model. Needs numpy and gguf, which it installs as tools/make_model.py does.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from make_model import gguf, np, run_in_own_environment  # noqa: E402

PARTS = {  # of a layer: GGUF's name -> Hugging Face's
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
CLASSES = {"qwen3": ("Qwen3ForCausalLM", "qwen3"), "llama": ("LlamaForCausalLM", "llama")}
CONTROL, USER_DEFINED = 3, 4  # GGUF's kinds of tokens that are found in text before it is split


class Source:
    """The GGUF file: metadata and matrices as f32."""

    def __init__(self, path: Path):
        self.reader = gguf.GGUFReader(path)
        self.family = self.value("general.architecture")
        if self.family not in CLASSES:
            sys.exit(f"hf_model: {path} is a {self.family}, expected one of {', '.join(CLASSES)}")
        self.tensors = {tensor.name: tensor for tensor in self.reader.tensors}
        for name in ("output.weight", "rope_freqs.weight"):
            if name in self.tensors:
                sys.exit(f"hf_model: {path} has {name}: a model with its own head or rescaled rotations is not written")

    def value(self, key: str, default=None):
        field = self.reader.fields.get(key)
        if field is None and default is None:
            sys.exit(f"hf_model: the file has no {key}")
        return default if field is None else field.contents()

    def number(self, name: str, default=None):
        return self.value(f"{self.family}.{name}", default)

    def matrix(self, name: str):
        tensor = self.tensors[name]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype("f4")
        return self.in_halves(name, values)

    def in_halves(self, name: str, values):
        """GGUF keeps a Llama's rotated pairs side by side, Hugging Face in two halves of each head."""
        part = name.split(".")[-2]
        if self.family != "llama" or part not in ("attn_q", "attn_k"):
            return values
        heads = self.number("attention.head_count" if part == "attn_q" else "attention.head_count_kv")
        return values.reshape(heads, -1, 2, values.shape[-1]).swapaxes(1, 2).reshape(values.shape)


def hugging_face_name(name: str) -> str:
    if name in ("token_embd.weight", "output_norm.weight"):
        return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.weight"


def bf16(values):
    """To the nearest, ties to even, as u2: numpy has no such type."""
    bits = np.ascontiguousarray(values, "<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def stored(source: Source, format_name: str):
    """(name, type, values) of each tensor of the folder, in turn: one matrix at a time is in memory."""
    for name in source.tensors:
        values, target = source.matrix(name), hugging_face_name(name)
        if format_name == "w8a8" and values.ndim == 2 and name != "token_embd.weight":
            scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-8) / 127
            yield target, "I8", np.rint(values / scale).astype("i1")
            yield target.replace(".weight", ".weight_scale"), "BF16", bf16(scale)
        else:
            yield target, "BF16", bf16(values)


def write_weights(source: Source, format_name: str, path: Path) -> None:
    """One safetensors file. The data goes to disk first, since the head in front of it needs every size."""
    head, end, data_path = {}, 0, path.with_suffix(".data")
    with data_path.open("wb") as data:
        for name, type_name, values in stored(source, format_name):
            data.write(values.tobytes())
            head[name] = {"dtype": type_name, "shape": values.shape, "data_offsets": [end, end + values.nbytes]}
            end += values.nbytes
    text = json.dumps(head | {"__metadata__": {"format": "pt"}}).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out, data_path.open("rb") as data:
        out.write(len(text).to_bytes(8, "little") + text)
        while part := data.read(1 << 24):
            out.write(part)
    data_path.unlink()


def quantization() -> dict:
    """int8 by rows for weights, by token for activations, in compressed-tensors' words."""
    both = {"num_bits": 8, "type": "int", "symmetric": True}
    return {"quant_method": "compressed-tensors", "format": "int-quantized", "quantization_status": "compressed",
            "ignore": ["lm_head"],
            "config_groups": {"group_0": {"targets": ["Linear"],
                                          "weights": both | {"strategy": "channel", "dynamic": False},
                                          "input_activations": both | {"strategy": "token", "dynamic": True}}}}


def config(source: Source, format_name: str) -> dict:
    class_name, model_type = CLASSES[source.family]
    heads, hidden = source.number("attention.head_count"), source.number("embedding_length")
    result = {
        "architectures": [class_name], "model_type": model_type, "torch_dtype": "bfloat16", "hidden_act": "silu",
        "hidden_size": hidden, "intermediate_size": source.number("feed_forward_length"),
        "num_hidden_layers": source.number("block_count"), "num_attention_heads": heads,
        "num_key_value_heads": source.number("attention.head_count_kv"),
        "head_dim": source.number("attention.key_length", hidden // heads),
        "max_position_embeddings": source.number("context_length"), "rope_theta": source.number("rope.freq_base"),
        "rms_norm_eps": source.number("attention.layer_norm_rms_epsilon"), "attention_bias": False,
        "tie_word_embeddings": True, "vocab_size": len(source.value("tokenizer.ggml.tokens")),
        "bos_token_id": source.value("tokenizer.ggml.bos_token_id"),
        "eos_token_id": source.value("tokenizer.ggml.eos_token_id"),
    }
    return result | ({"quantization_config": quantization()} if format_name == "w8a8" else {})


def tokenizer(source: Source) -> dict:
    """tokenizer.json of a byte-level BPE that splits as the demo model's: digits alone, then GPT-2's words."""
    model, rule = source.value("tokenizer.ggml.model"), source.value("tokenizer.ggml.pre")
    if (model, rule) != ("gpt2", "smollm"):
        sys.exit(f"hf_model: the tokenizer is {model} with the rule {rule}, expected gpt2 with smollm")
    tokens, kinds = source.value("tokenizer.ggml.tokens"), source.value("tokenizer.ggml.token_type")
    added = [{"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": kind == CONTROL}
             for number, (text, kind) in enumerate(zip(tokens, kinds)) if kind in (CONTROL, USER_DEFINED)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence",
                          "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]},
        "post_processor": None, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {text: number for number, text in enumerate(tokens)},
                  "merges": source.value("tokenizer.ggml.merges")},
    }


def tokenizer_config(source: Source) -> dict:
    tokens = source.value("tokenizer.ggml.tokens")
    return {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False,
            "bos_token": tokens[source.value("tokenizer.ggml.bos_token_id")],
            "eos_token": tokens[source.value("tokenizer.ggml.eos_token_id")],
            "chat_template": source.value("tokenizer.chat_template")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL.gguf")
    parser.add_argument("out", type=Path, metavar="OUT_FOLDER")
    parser.add_argument("--format", choices=["w8a8", "bf16"], default="w8a8")
    arguments = parser.parse_args()
    if gguf is None:
        run_in_own_environment(__file__)
    if not arguments.model.is_file():
        sys.exit(f"hf_model: {arguments.model} is not there")
    source = Source(arguments.model)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in (("config.json", config(source, arguments.format)), ("tokenizer.json", tokenizer(source)),
                          ("tokenizer_config.json", tokenizer_config(source))):
        (arguments.out / name).write_text(json.dumps(content, ensure_ascii=False))
    write_weights(source, arguments.format, arguments.out / "model.safetensors")
    print(f"hf_model: {arguments.out}: {(arguments.out / 'model.safetensors').stat().st_size:,} bytes of weights",
          file=sys.stderr)


if __name__ == "__main__":
    main()
