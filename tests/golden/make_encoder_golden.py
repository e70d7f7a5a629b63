#!/usr/bin/env python3
"""Writes the tiny encoders of tiny_encoders.py and what they make of texts, in float32: tests/golden/encoders.

Run by hand, never by CI, in an environment with exactly tests/golden/requirements.txt:

  python tests/golden/make_encoder_golden.py [NAME...]
  python tests/golden/make_encoder_golden.py minilm FOLDER    # encoders_minilm.json from all-MiniLM-L6-v2

Each <name>.json holds texts as tokens, with segments where the second of a pair has its own, and the vector or the
scores of each. Seeded: running it again gives the same files.
"""
import json
import random
import sys
from pathlib import Path

import torch
import transformers

import tiny_encoders
import tiny_encoders_gguf

HERE = Path(__file__).resolve().parent / "encoders"
TOLERANCE = 1e-4
LENGTHS = (1, 2, 7, 16, 33, 64)


def texts_of(name: str, model) -> list[dict]:
    chooser = random.Random(name)
    has_segments = getattr(model.config, "type_vocab_size", 1) > 1
    texts = []
    for length in LENGTHS:
        text = {"tokens": [chooser.randrange(3, tiny_encoders.VOCAB) for _ in range(length)]}
        if has_segments and length in (7, 33):
            text["segments"] = [0] * (length // 3) + [1] * (length - length // 3)
        texts.append(text)
    return texts


def result_of(name: str, model, modules, text: dict) -> torch.Tensor:
    inputs = {"input_ids": torch.tensor([text["tokens"]])}
    if "segments" in text:
        inputs["token_type_ids"] = torch.tensor([text["segments"]])
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True)
    answers = [step["answers"] for step in tiny_encoders.ENCODERS[name][3] if "answers" in step]
    if answers:
        logits = out.logits[0, -1]
        return (logits[answers[0][0]] - logits[answers[0][1]])[None]
    if "ForSequenceClassification" in type(model).__name__:
        return out.logits[0]
    rows = out.hidden_states[-1] if "CausalLM" in type(model).__name__ else out.last_hidden_state
    return modules.vector(rows[0])


TEXTS = ["", "Hi", "The capital of France is Paris.", "Paris est la capitale de la France.",
         "How do I reset my password?", "def median(values): return sorted(values)[len(values) // 2]",
         "東京は日本の首都です。 Grüße aus Köln! \U0001f642", "A fisherman mended a net on the quay. " * 40]


def make_minilm(folder: Path) -> None:
    """Texts and their vectors: the mean of all rows, by its length, as the model's modules have it."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    length = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    lines = []
    for text in TEXTS:
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=length)
        with torch.no_grad():
            rows = model(**inputs).last_hidden_state[0]
        vector = torch.nn.functional.normalize(rows.mean(0), dim=0)
        lines.append(json.dumps({"text": text, "tokens": inputs["input_ids"].shape[1],
                                 "result": [round(float(value), 5) for value in vector]}))
    path = HERE.parent / "encoders_minilm.json"
    path.write_text('{\n "about": "all-MiniLM-L6-v2: BertModel",\n "max_tokens": %d,\n "texts": [\n  ' % length
                    + ",\n  ".join(lines) + "\n ]\n}\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["minilm"]:
        return make_minilm(Path(sys.argv[2]))
    for name in sys.argv[1:] or tiny_encoders.ENCODERS:
        directory = HERE / name
        model = tiny_encoders.write_model(directory, name)
        modules = tiny_encoders.Modules(name, model.config.hidden_size)
        texts = texts_of(name, model)
        for text in texts:
            text["result"] = [round(float(value), 6) for value in result_of(name, model, modules, text)]
        head = {"about": f"{name}: {type(model).__name__}", "tolerance": TOLERANCE,
                "is_normalized": any("normalize" in step for step in modules.steps)}
        lines = ",\n  ".join(json.dumps(text) for text in texts)
        path = HERE / f"{name}.json"
        path.write_text(json.dumps(head, indent=1)[:-2] + f',\n "texts": [\n  {lines}\n ]\n}}\n')
        json.loads(path.read_text())
        tiny_encoders_gguf.write_gguf(directory, name, model.config.to_dict(), modules)
        size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
        print(f"{name}: {size} bytes, {path.stat().st_size} of results")


if __name__ == "__main__":
    main()
