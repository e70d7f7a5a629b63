#!/usr/bin/env python3
"""Ids and texts by our tokenizers beside those of PyPI's tokenizers, sentencepiece and tiktoken, on random texts.

Every vocabulary in the data is compared on $ESTOC_TOKENIZER_TEXTS texts (1,000 when it is not set), alone and in pairs.
Needs the packages of tests/conformance/requirements.txt; what is missing is named as skipped.
"""

import base64
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "golden"))
import random_texts  # noqa: E402

BUILD = Path(os.environ.get("ESTOC_BUILD", "build/release"))
DATA = Path(os.environ.get("ESTOC_SHARED", "../shared")) / "data" / "tokenizers"
COUNT = int(os.environ.get("ESTOC_TOKENIZER_TEXTS", "1000"))
SHOWN = 5


def ours(path, texts, *flags):
    """For each text the ids, and with --decode the text they give, with --pair the segments of each two."""
    data = b"".join(struct.pack("<I", len(text)) + text
                    for text in (t.encode() if isinstance(t, str) else t for t in texts))
    run = subprocess.run([BUILD / "tests" / "tokenizer_encoder", path, *flags], input=data, capture_output=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode() or f"the encoder ended with {run.returncode}")
    at = 0

    def take(bytes_each):
        nonlocal at
        count, = struct.unpack_from("<I", run.stdout, at)
        at += 4 + count * bytes_each
        return run.stdout[at - count * bytes_each:at]

    while at < len(run.stdout):
        ids = take(4)
        answer = [list(struct.unpack(f"<{len(ids) // 4}i", ids))]
        if "--decode" in flags:
            answer.append(take(1).decode())
        if "--pair" in flags:
            answer.append(list(take(1)))
        yield answer


def compare(what, texts, found, expected):
    found = list(found)
    differing = [i for i in range(len(texts)) if i >= len(found) or found[i] != expected[i]]
    print(f"{what}: {len(texts)} texts, {len(differing)} differ", flush=True)
    for i in differing[:SHOWN]:
        print(f"  {texts[i]!r}\n    ours     {found[i] if i < len(found) else None}\n    expected {expected[i]}")
    return not differing


def against_hugging_face(path):
    from tokenizers import Tokenizer
    name = path.parent.name
    try:
        oracle = Tokenizer.from_file(str(path))
    except Exception as error:
        print(f"skipped {name}: PyPI's tokenizers refuses it ({error})")
        return True
    oracle.no_truncation()
    oracle.no_padding()
    specials = [token.content for token in oracle.get_added_tokens_decoder().values()][:50]
    texts = random_texts.texts(COUNT, 1, specials)
    encodings = oracle.encode_batch(texts)
    decoded = oracle.decode_batch([e.ids for e in encodings], skip_special_tokens=False)
    good = compare(name, texts, ours(path, texts, "--decode"), [[e.ids, d] for e, d in zip(encodings, decoded)])
    pairs = list(zip(texts[::2], texts[1::2]))
    encodings = oracle.encode_batch(pairs)
    return compare(f"{name}, pairs", pairs, ours(path, [t for pair in pairs for t in pair], "--pair"),
                   [[e.ids, e.type_ids] for e in encodings]) and good


# As tiktoken spells the patterns of these vocabularies.
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
          r"|\s+(?!\S)|\s")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])

# Arguments of the trainer; together they have all that changes ids.
SENTENCEPIECE_MODELS = {
    "unigram": {"model_type": "unigram"},
    "unigram bytes": {"model_type": "unigram", "byte_fallback": True},
    "unigram plain": {"model_type": "unigram", "normalization_rule_name": "identity", "add_dummy_prefix": False,
                      "remove_extra_whitespaces": False},
    "unigram casefold": {"model_type": "unigram", "normalization_rule_name": "nmt_nfkc_cf",
                         "user_defined_symbols": ["<sep>", "Hello", "é", "  "]},
    "bpe": {"model_type": "bpe"},
    "bpe bytes": {"model_type": "bpe", "byte_fallback": True, "split_digits": True,
                  "normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "bpe across words": {"model_type": "bpe", "split_by_whitespace": False, "normalization_rule_name": "nfkc",
                         "user_defined_symbols": ["<sep>", "Hello", "e\u0301", "12"]},
}


def against_sentencepiece(name):
    import sentencepiece
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/{name.replace(' ', '_')}"
        corpus = (DATA / "long_text.txt").read_text().splitlines()[:400] + random_texts.texts(600, 7)
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line.replace("\0", "") for line in corpus), model_prefix=prefix, minloglevel=2,
            vocab_size=3000, hard_vocab_limit=False, num_threads=1, character_coverage=0.98, **SENTENCEPIECE_MODELS[name])
        oracle = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
        texts = random_texts.texts(COUNT, 2, ["<sep>", "Hello", "<s>", "</s>", "<unk>", "<0x41>"])
        return compare(f"sentencepiece {name}", texts, ours(prefix + ".model", texts, "--no-special", "--as-text"),
                       [[ids] for ids in oracle.encode(texts)])


def against_tiktoken(path):
    import tiktoken
    ranks = {base64.b64decode(token): int(rank)
             for token, rank in (line.split() for line in path.read_bytes().splitlines() if line)}
    specials = {"<|endoftext|>": len(ranks) + 3, "<|im_start|>": len(ranks) + 4, "<|sep 1|>": len(ranks) + 9}
    pattern = CL100K if path.stem.startswith("cl100k") else O200K
    oracle = tiktoken.Encoding(path.stem, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, f"{folder}/tiktoken.model")
        Path(folder, "tokenizer_config.json").write_text(json.dumps({
            "pat_str": pattern,
            "added_tokens_decoder": {id: {"content": name, "special": True} for name, id in specials.items()}}))
        texts = random_texts.texts(COUNT, 3, list(specials))
        ids = [oracle.encode(text, allowed_special="all") for text in texts]
        return compare(path.stem, texts, ours(folder, texts, "--decode"), [[i, oracle.decode(i)] for i in ids])


def main():
    checks = [(against_hugging_face, path) for path in sorted((DATA / "hf").glob("*/tokenizer.json"))]
    checks += [(against_tiktoken, path) for path in sorted((DATA / "ranks").glob("*.tiktoken"))]
    checks += [(against_sentencepiece, name) for name in SENTENCEPIECE_MODELS]
    wanted = sys.argv[1:]
    good = True
    for check, path in checks:
        if wanted and not any(name in str(path) for name in wanted):
            continue
        try:
            good = check(path) and good
        except ImportError as error:
            print(f"skipped {path}: {error}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
