"""A tiny encoder of tests/golden/encoders as a folder that can be served: with a tokenizer, which those have not.

Its words are "w5" to "w95", each the token of that number; other words are [UNK]. Texts stand between [CLS] and [SEP].
"""
import json
import shutil
from pathlib import Path

from estoc_server import GOLDEN

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CLS, SEP = 2, 3
VOCAB = 96


def tokenizer_json() -> dict:
    words = SPECIAL + [f"w{number}" for number in range(len(SPECIAL), VOCAB)]

    def token(text: str, segment: int) -> dict:
        return {"SpecialToken": {"id": text, "type_id": segment}}

    def text(name: str, segment: int) -> dict:
        return {"Sequence": {"id": name, "type_id": segment}}

    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": number, "content": word, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for number, word in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
            "pair": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
            "special_tokens": {name: {"id": name, "ids": [number], "tokens": [name]}
                               for name, number in (("[CLS]", CLS), ("[SEP]", SEP))}},
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: number for number, word in enumerate(words)},
                  "unk_token": "[UNK]"}}


def make_encoder(name: str, folder: Path) -> Path:
    """A copy of tests/golden/encoders/<name> with the tokenizer, in `folder`."""
    target = folder / name
    shutil.copytree(GOLDEN / "encoders" / name, target)
    (target / "tokenizer.json").write_text(json.dumps(tokenizer_json()))
    (target / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    return target


def golden_texts(name: str) -> list[dict]:
    """Texts as tokens with what transformers makes of them."""
    return json.loads((GOLDEN / "encoders" / f"{name}.json").read_text())["texts"]
