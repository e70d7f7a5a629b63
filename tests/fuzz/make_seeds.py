#!/usr/bin/env python3
"""Writes the seeds of the harnesses that read model files: tests/fuzz/seeds/<harness>/<name>.

Small whole files, so that a fuzzer starts behind the header checks. Standard library only; running it again gives the
same bytes.

Usage: tests/fuzz/make_seeds.py
"""
import base64
import json
import struct
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "seeds"

# The value types of GGUF by number, and how struct packs them.
TYPES = {"u8": (0, "<B"), "i8": (1, "<b"), "u16": (2, "<H"), "i16": (3, "<h"), "u32": (4, "<I"), "i32": (5, "<i"),
         "f32": (6, "<f"), "bool": (7, "<?"), "string": (8, None), "u64": (10, "<Q"), "i64": (11, "<q"),
         "f64": (12, "<d")}
# The tensor formats by number: values a block, bytes a block.
FORMATS = {"f32": (0, 1, 4), "f16": (1, 1, 2), "q4_0": (2, 32, 18), "q8_0": (8, 32, 34), "q4_k": (12, 256, 144)}


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def packed(kind: str, value) -> bytes:
    return text(value) if kind == "string" else struct.pack(TYPES[kind][1], value)


def value(kind: str, content) -> bytes:
    """A value with its type; a list becomes an array."""
    number = TYPES[kind][0]
    if isinstance(content, list):
        return struct.pack("<IIQ", 9, number, len(content)) + b"".join(packed(kind, item) for item in content)
    return struct.pack("<I", number) + packed(kind, content)


def gguf(keys: dict, tensors: dict, alignment: int = 32, version: int = 3) -> bytes:
    """`keys` is name -> (kind, value), `tensors` is name -> (format, shape with the innermost first)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    for key, (kind, content) in keys.items():
        head += text(key) + value(kind, content)
    data = b""
    for name, (form, shape) in tensors.items():
        number, block_values, block_bytes = FORMATS[form]
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", number, len(data))
        count = 1
        for size in shape:
            count *= size
        data += bytes(i % 61 for i in range(count // block_values * block_bytes))
        data += b"\0" * (-len(data) % alignment)
    return head + b"\0" * (-len(head) % alignment) + data if tensors else head


def llama_keys() -> dict:
    return {"general.architecture": ("string", "llama"), "llama.context_length": ("u32", 64),
            "llama.embedding_length": ("u32", 8), "llama.block_count": ("u32", 1),
            "llama.feed_forward_length": ("u32", 4), "llama.attention.head_count": ("u32", 2),
            "llama.attention.head_count_kv": ("u32", 1), "llama.attention.layer_norm_rms_epsilon": ("f32", 1e-5),
            "llama.rope.freq_base": ("f32", 10000.0), "llama.rope.dimension_count": ("u32", 4)}


def llama_tensors(form: str = "f32") -> dict:
    return {"token_embd.weight": (form, [8, 5]), "output_norm.weight": ("f32", [8]),
            "blk.0.attn_norm.weight": ("f32", [8]), "blk.0.attn_q.weight": (form, [8, 8]),
            "blk.0.attn_k.weight": (form, [8, 4]), "blk.0.attn_v.weight": (form, [8, 4]),
            "blk.0.attn_output.weight": (form, [8, 8]), "blk.0.attn_q.bias": ("f32", [8]),
            "blk.0.ffn_norm.weight": ("f32", [8]), "blk.0.ffn_gate.weight": (form, [8, 4]),
            "blk.0.ffn_up.weight": (form, [8, 4]), "blk.0.ffn_down.weight": (form, [4, 8])}


def gguf_seeds() -> dict[str, bytes]:
    vocabulary = {"tokenizer.ggml.model": ("string", "llama"),
                  "tokenizer.ggml.tokens": ("string", ["<unk>", "<s>", "</s>", "a", "▁"]),
                  "tokenizer.ggml.scores": ("f32", [0.0, 0.0, 0.0, -1.0, -2.0]),
                  "tokenizer.ggml.token_type": ("i32", [2, 3, 3, 1, 1]), "tokenizer.ggml.bos_token_id": ("u32", 1),
                  "tokenizer.ggml.eos_token_id": ("u32", 2), "tokenizer.ggml.padding_token_id": ("u32", 0xFFFFFFFF),
                  "tokenizer.ggml.add_bos_token": ("bool", True), "general.sampling.temp": ("f32", 0.5)}
    scaling = {"llama.rope.scaling.type": ("string", "linear"), "llama.rope.scaling.factor": ("f32", 4.0),
               "llama.attention.sliding_window": ("u32", 16), "llama.vocab_size": ("u32", 5)}
    kinds = {f"any.{kind}": (kind, [True, False] if kind == "bool" else ["x", ""] if kind == "string" else [1, 2])
             for kind in TYPES}
    single = {f"one.{kind}": (kind, content[0]) for (kind, content) in kinds.values()}
    return {
        "llama": gguf(llama_keys() | vocabulary, llama_tensors()),
        "llama_f16": gguf(llama_keys() | scaling, llama_tensors("f16") | {"rope_freqs.weight": ("f32", [2])}),
        "blocks": gguf({"general.architecture": ("string", "plain")},
                       {f"blk.0.ffn_{form}.weight": (form, [256, 2]) for form in ("q4_0", "q8_0", "q4_k")}),
        "kinds": gguf({"general.architecture": ("string", "plain")} | kinds | single, {}),
        "aligned": gguf({"general.architecture": ("string", "llama"), "general.alignment": ("u32", 8)},
                        {"scalar": ("f32", []), "cube": ("f16", [1, 2, 3, 1])}, 8, 2),
        "split": gguf(llama_keys() | {"split.count": ("u16", 2), "split.no": ("u16", 0),
                                      "split.tensors.count": ("i32", 1)}, {"a": ("f32", [1])}),
        "per_layer": gguf({"general.architecture": ("string", "llama"),
                           "llama.attention.head_count": ("i32", [2, 4])},
                          {"blk.1.attn_k.weight": ("f32", [2, 8]), "blk.1.attn_k.bias": ("f16", [8])}),
    }


def vocabulary_seeds() -> dict[str, bytes]:
    byte_level_tokens = [*ALPHABET, "he", "ll", "hell", "<s>", "<|im_end|>"]
    count = len(byte_level_tokens)
    byte_level_keys = {"tokenizer.ggml.model": ("string", "gpt2"), "tokenizer.ggml.pre": ("string", "llama-bpe"),
                       "tokenizer.ggml.tokens": ("string", byte_level_tokens),
                       "tokenizer.ggml.token_type": ("i32", [1] * (count - 2) + [3, 4]),
                       "tokenizer.ggml.merges": ("string", ["h e", "l l", "he ll"]),
                       "tokenizer.ggml.bos_token_id": ("u32", count - 2),
                       "tokenizer.ggml.eos_token_id": ("u32", count - 1)}
    return {"sentencepiece": gguf_seeds()["llama"],
            "byte_level": gguf(llama_keys() | byte_level_keys | {"llama.vocab_size": ("u32", count)}, {}),
            "unnamed": gguf({key: value for key, value in (llama_keys() | byte_level_keys).items()
                             if not key.endswith(".pre")}, {})}


def safetensors(header: dict, data: bytes) -> bytes:
    head = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(head)) + head + data


def safetensors_seeds() -> dict[str, bytes]:
    def entry(kind: str, shape: list[int], begin: int, end: int) -> dict:
        return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    return {
        "floats": safetensors({"__metadata__": {"format": "pt"}, "a": entry("F32", [2, 3], 0, 24),
                               "b": entry("BF16", [4], 24, 32), "c": entry("F16", [1, 1, 2], 32, 36)}, bytes(36)),
        "odd": safetensors({"u": entry("U8", [3], 0, 3), "scalar": entry("F32", [], 3, 7),
                            "none": entry("F32", [0, 5], 7, 7)}, bytes(7)),
        "empty": safetensors({}, b""),
    }


ALPHABET = [chr(c) for c in [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100), *range(0x100, 0x144)]]


def byte_level(pre_tokenizer: dict, **others) -> dict:
    vocab = {piece: i for i, piece in enumerate([*ALPHABET, "he", "ll", "hell", "Ġt", "<s>"])}
    return {"version": "1.0", "added_tokens": [{"id": len(vocab) - 1, "content": "<s>", "special": True}],
            "normalizer": None, "pre_tokenizer": pre_tokenizer, "post_processor": None,
            "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "vocab": vocab, "merges": ["h e", "l l", "he ll", "Ġ t"]}, **others}


def spelled(**others) -> dict:
    pieces = ["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(0, 256, 15)), "▁", "h", "i", "▁h", "▁hi"]
    return {"added_tokens": [{"id": 1, "content": "<s>", "special": True, "lstrip": True, "normalized": False}],
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                           {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
            "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                               {"Sequence": {"id": "A", "type_id": 0}}],
                               "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
            "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                        {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1,
                                                                     "stop": 0}]},
            "model": {"type": "BPE", "vocab": {piece: i for i, piece in enumerate(pieces)}, "unk_token": "<unk>",
                      "fuse_unk": True, "byte_fallback": True, "merges": [["▁", "h"], ["▁h", "i"]]}, **others}


# A double array of two strings, "\t" to " " and "½" to "1/2", as SentencePiece compiles them.
CHARACTERS = {b"\t": b" ", "½".encode(): b"1/2"}


def characters_map() -> bytes:
    texts, offsets = b"", {}
    for key, becomes in CHARACTERS.items():
        offsets[key] = len(texts)
        texts += becomes + b"\0"
    # One block of 256 units a node: node n's children lie at 256 * n ^ byte, its own leaf at 256 * n.
    nodes = sorted({key[:end] for key in CHARACTERS for end in range(len(key) + 1)}, key=len)
    units = [0] * (256 * len(nodes))
    for number, prefix in enumerate(nodes):
        place = 256 * (nodes.index(prefix[:-1])) ^ prefix[-1] if prefix else 0
        has_leaf = prefix in offsets
        offset = 256 * number ^ place
        unit = (offset >> 8 << 10 | 1 << 9 if offset % 256 == 0 else offset << 10) | has_leaf << 8
        units[place] |= unit | (prefix[-1] if prefix else 0)
        if has_leaf:
            units[256 * number] |= 1 << 31 | offsets[prefix]
    return struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + texts


def words(model: dict, **others) -> dict:
    """BERT's shape."""
    names = ["[UNK]", "[CLS]", "[SEP]"]
    vocab = {piece: i for i, piece in enumerate([*names, "h", "##i", "hello", "##ing", "!", "你", "hi</w>", "##i</w>"])}
    return {"added_tokens": [{"id": i, "content": name, "special": True} for i, name in enumerate(names)],
            "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "truncation": {"max_length": 16, "stride": 2, "strategy": "OnlySecond", "direction": "Left"},
            "padding": {"strategy": {"Fixed": 8}, "direction": "Left", "pad_id": 0, "pad_type_id": 1,
                        "pad_token": "[UNK]", "pad_to_multiple_of": 4},
            "model": {"unk_token": "[UNK]", "vocab": vocab} | model, **others}


def unigram(normalizer: dict, **others) -> dict:
    pieces = [["<unk>", 0.0], ["▁", -3.0], ["h", -2.5], ["▁hi", -3.5], ["e", -2.0], ["1/2", -6.0], ["<0x41>", 0.0]]
    return {"normalizer": normalizer, "pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "always", "split": True},
            "decoder": {"type": "Metaspace"}, "model": {"type": "Unigram", "unk_id": 0, "vocab": pieces}, **others}


def kind_seeds() -> dict[str, dict]:
    charsmap = base64.b64encode(characters_map()).decode()
    steps = [{"type": name} for name in ("Nmt", "NFD", "StripAccents", "Strip", "Lowercase", "ByteLevel")]
    pairs = {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "B", "type_id": 1}}, {"Sequence": {"id": "A", "type_id": 0}}]}
    return {
        "bert": words({"type": "WordPiece", "continuing_subword_prefix": "##", "max_input_chars_per_word": 10}),
        "word_level": words({"type": "WordLevel"}, decoder={"type": "CTC", "pad_token": "h", "cleanup": True},
                            pre_tokenizer={"type": "Sequence", "pretokenizers": [
                                {"type": "UnicodeScripts"}, {"type": "FixedLength", "length": 3}]}),
        "word_ends": words({"type": "BPE", "merges": [["h", "##i</w>"]], "continuing_subword_prefix": "##",
                            "end_of_word_suffix": "</w>"}, decoder={"type": "BPEDecoder", "suffix": "</w>"},
                           pre_tokenizer={"type": "Whitespace"}),
        "unigram": unigram({"type": "Precompiled", "precompiled_charsmap": charsmap}, post_processor=pairs),
        "unigram_bytes": unigram({"type": "Sequence", "normalizers": steps},
                                 decoder={"type": "Sequence", "decoders": [
                                     {"type": "Strip", "content": "h", "start": 1, "stop": 1},
                                     {"type": "Replace", "pattern": {"Regex": "h+"}, "content": "a"}]}),
    }


def field(number: int, content) -> bytes:
    """A field of a protobuf message: bytes, an integer or a float."""
    if isinstance(content, bytes):
        return bytes([number << 3 | 2]) + varint(len(content)) + content
    if isinstance(content, float):
        return bytes([number << 3 | 5]) + struct.pack("<f", content)
    return varint(number << 3) + varint(content)


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def sentencepiece_seeds() -> dict[str, bytes]:
    def model(trainer: bytes, normalizer: bytes, *more) -> bytes:
        pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("▁", -3.0, 1), ("h", -2.5, 1), ("▁h", -3.5, 1),
                  ("i", -2.0, 1), ("hi", -2.2, 1), ("sep", 0.0, 4), ("gone", -9.0, 5), *more]
        return b"".join(field(1, field(1, piece.encode()) + field(2, score) + field(3, kind))
                        for piece, score, kind in pieces) + field(2, trainer) + field(3, normalizer)
    bytes_too = [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    # In front a text and its length (tokenizer_sentencepiece_fuzz.cc).
    text = "hi  sep\t½ <s> \xff".encode("latin-1")
    files = {"unigram": model(field(3, 1), field(2, characters_map())),
             "bpe": model(field(3, 2) + field(35, 1), field(3, 0) + field(4, 0), *bytes_too),
             "ranks": b"".join(base64.b64encode(piece) + f" {rank}\n".encode()
                               for rank, piece in enumerate([*(bytes([b]) for b in range(256)), b"hi", b"  ", b"hi  "]))}
    return {name: bytes([len(text)]) + text + file for name, file in files.items()}


def tokenizer_seeds() -> dict[str, bytes]:
    digits = {"type": "Digits", "individual_digits": True}
    plain = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}

    def sequence(*steps: dict) -> dict:
        return {"type": "Sequence", "pretokenizers": list(steps)}

    def split(pattern: dict, behavior: str, invert: bool = False) -> dict:
        return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
    files = {
        "gpt2": byte_level(plain),
        "digits_after": byte_level(sequence({"type": "Punctuation", "behavior": "Contiguous"}, plain, digits)),
        "prefix_after": byte_level(sequence(digits, {"type": "ByteLevel", "add_prefix_space": True})),
        "splits": byte_level(sequence(split({"Regex": r"\p{N}{1,3}| ?[^\s\p{L}]+"}, "Isolated"),
                                      split({"String": "e"}, "MergedWithNext"),
                                      split({"Regex": r"\s+(?!\S)"}, "Removed", True), plain)),
        "spelled": spelled(),
        "metaspace": spelled(normalizer={"type": "NFKC"}, pre_tokenizer=sequence(
            {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"})),
        "words": byte_level(sequence({"type": "BertPreTokenizer"}, {"type": "CharDelimiterSplit", "delimiter": "x"},
                                     {"type": "Whitespace"}, plain), normalizer={"type": "Lowercase"}),
    }
    files |= kind_seeds()
    # Behind the file and a zero byte stands a text (tokenizer_fuzz.cc).
    text_behind = "\0Hello  world 12345 <s> über 你好\n\t!".encode()
    return {name: json.dumps(file, ensure_ascii=False, separators=(",", ":")).encode() + text_behind
            for name, file in files.items()}


def main() -> None:
    for harness, seeds in {"weights_gguf_fuzz": gguf_seeds(), "weights_safetensors_fuzz": safetensors_seeds(),
                           "checkpoint_gguf_fuzz": vocabulary_seeds(), "tokenizer_fuzz": tokenizer_seeds(),
                           "tokenizer_sentencepiece_fuzz": sentencepiece_seeds()}.items():
        folder = SEEDS / harness
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / name).write_bytes(content)
            print(f"{harness}/{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
