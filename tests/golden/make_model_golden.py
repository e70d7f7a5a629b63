#!/usr/bin/env python3
"""Writes the expected log-probabilities of tests/golden from Hugging Face transformers in float32.

Run by hand, never by CI, in an environment with exactly tests/golden/requirements.txt:

  python tests/golden/make_model_golden.py tiny    # the checkpoints of tiny_models.py, as folders and GGUF, and <name>.json
  python tests/golden/make_model_golden.py families [NAME...]    # those of tiny_families.py
  python tests/golden/make_model_golden.py fp8 [NAME...]         # those of tiny_fp8.py
  python tests/golden/make_model_golden.py mxfp4 [NAME...]       # those of tiny_mxfp4.py
  python tests/golden/make_model_golden.py smollm2 MODEL.gguf    # smollm2.json from the demo model

Each file holds cases: prompt token ids and, at some positions, the 20 likeliest next tokens as [id, logprob], likeliest
first. `position` p is the prediction made from tokens 0..p. Seeded: running it again gives the same files.
"""
import json
import random
import sys
import tempfile
from pathlib import Path

import torch
import transformers

import tiny_families
import tiny_fp8
import tiny_mxfp4
import tiny_models

HERE = Path(__file__).resolve().parent
TOP = 20
TOLERANCE = 1e-3
PINNED = {"transformers": "5.23.0", "torch": "2.15.0"}
# What transformers does not read of a GGUF file, by the checkpoint that needs it.
GGUF_UNREAD = {"llama3_like": "rope_freqs.weight", "qwen3_like": "key_length", "qwen3_tied_like": "key_length"}

PROSE = ("The harbour was quiet that morning. Two fishermen mended a net on the quay while a third, older than both, "
         "told them for the hundredth time how the storm of his youth had carried a church bell out to sea. Nobody")
CODE = '''def median(values):
    """Return the middle value of a non-empty list."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return'''
CHAT = ("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is the capital of France?"
        "<|im_end|>\n<|im_start|>assistant\n")
NUMBERS = "3 + 4 = 7\n12 + 30 = 42\n125 * 8 = 1000\n2^10 = 1024\n17 - 29 = -12\n0.5 * 0.25 ="
LANGUAGES = "Grüße aus Köln! 東京は日本の首都です。 Привет, мир. ¿Dónde está la biblioteca? 🙂🚀 नमस्ते"


def long_text() -> str:
    """A synthetic ledger of well over 1,000 tokens."""
    chooser = random.Random(7)
    colours, things = ["red", "blue", "green", "white", "amber"], ["marbles", "keys", "coins", "feathers", "buttons"]
    lines = [f"Box {number} holds {chooser.randint(2, 99)} {chooser.choice(colours)} {chooser.choice(things)}."
             for number in range(1, 111)]
    return " ".join(lines) + " Box 111 holds"


def positions_of(count: int) -> list[int]:
    """The last position and a few before it."""
    return sorted({0, count // 4, count // 2, count - 2, count - 1} & set(range(count)))


def case(model, name: str, ids: list[int], positions=None) -> dict:
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float()
    chosen = []
    for position in positions or positions_of(len(ids)):
        values, tokens = torch.log_softmax(logits[position].double(), dim=-1).topk(TOP)
        chosen.append({"position": position,
                       "top": [[token, round(value, 6)] for token, value in zip(tokens.tolist(), values.tolist())]})
    return {"name": name, "prompt": ids, "positions": chosen}


def check_gguf(gguf: Path, cases: list[dict]) -> None:
    """transformers' own reader makes the same of the GGUF file."""
    if not gguf.exists() or gguf.stem in GGUF_UNREAD:
        return
    model = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    for expected in cases:
        found = case(model.eval(), expected["name"], expected["prompt"])
        for ours, theirs in zip(found["positions"], expected["positions"]):
            for (_, a), (_, b) in zip(ours["top"], theirs["top"]):
                assert abs(a - b) < TOLERANCE, (gguf.name, expected["name"], a, b)


def write(path: Path, about: str, cases: list[dict], context: int = 0) -> None:
    """One line for each prompt and each position, so that changes can be read."""
    head = {"about": about, "versions": PINNED, "dtype": "float32", "tolerance": TOLERANCE}
    if context:
        head["context"] = context
    text = json.dumps(head, indent=1)[:-2] + ',\n "cases": [\n'
    for number, entry in enumerate(cases):
        text += f'  {{"name": {json.dumps(entry["name"])},\n   "prompt": {json.dumps(entry["prompt"])},\n'
        extra = {key: value for key, value in entry.items() if key not in ("name", "prompt", "positions")}
        for key, value in extra.items():
            text += f'   "{key}": {json.dumps(value, ensure_ascii=False)},\n'
        text += '   "positions": [\n    ' + ",\n    ".join(json.dumps(item) for item in entry["positions"])
        text += "]}" + ("," if number + 1 < len(cases) else "") + "\n"
    path.write_text(text + " ]\n}\n")
    json.loads(path.read_text())
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


def make_tiny() -> None:
    for name in tiny_models.SHAPES:
        directory = HERE / "models" / name
        tiny_models.write_model(directory, name)
        model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
        chooser = random.Random(name)
        prompts = {count: [1] + [chooser.randrange(4, tiny_models.VOCAB) for _ in range(count - 1)]
                   for count in (1, 2, 7, 17, 48, 130)}
        cases = [case(model, f"{count} tokens", ids) for count, ids in prompts.items()]
        write(HERE / f"{name}.json", f"models/{name}: {' '.join(model.config.architectures)}", cases)
        check_gguf(directory.with_suffix(".gguf"), cases)
        size = sum(path.stat().st_size for path in directory.iterdir())
        print(f"  models/{name}: {size} bytes in all")


def write_golden(name: str, directory: Path, context: int = 0) -> None:
    """What the model in `directory` predicts is expected of models/`name`."""
    config = transformers.AutoConfig.from_pretrained(directory)
    model = tiny_families.loader(config).from_pretrained(directory, dtype=torch.float32).eval()
    chooser = random.Random(name)
    prompts = {count: [1] + [chooser.randrange(4, tiny_models.VOCAB) for _ in range(count - 1)]
               for count in (1, 7, 80)}
    cases = [case(model, f"{count} tokens", ids, range(63, 80) if count == 80 else None)
             for count, ids in prompts.items()]
    write(HERE / f"{name}.json", f"models/{name}: {' '.join(model.config.architectures)}", cases, context)
    size = sum(path.stat().st_size for path in (HERE / "models" / name).iterdir())
    print(f"  models/{name}: {size} bytes in all")


def make_families(names: list[str]) -> None:
    for name in names or tiny_families.FAMILIES:
        directory = HERE / "models" / name
        tiny_families.write_model(directory, name)
        write_golden(name, directory, tiny_families.CONTEXTS.get(name, 0))


def make_quantized(scheme, names: list[str]) -> None:
    for name in names or scheme.MODELS:
        with tempfile.TemporaryDirectory() as twin:
            scheme.write_model(HERE / "models" / name, Path(twin), name)
            write_golden(name, Path(twin))


def make_smollm2(gguf: Path) -> None:
    load = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**load)
    model = transformers.AutoModelForCausalLM.from_pretrained(**load, dtype=torch.float32).eval()
    texts = {"prose": PROSE, "code": CODE, "chat": CHAT, "numbers": NUMBERS, "languages": LANGUAGES, "short": "Hi",
             "repeated": "abc " * 60, "long": long_text()}
    cases = []
    for name, text in texts.items():
        entry = case(model, name, tokenizer(text)["input_ids"])
        entry["text"] = text
        # How the last position's tokens read, for comparing through the API; a part of a character reads as U+FFFD.
        entry["last_texts"] = [tokenizer.decode([token]) for token, _ in entry["positions"][-1]["top"]]
        print(f"  {name}: {len(entry['prompt'])} tokens, likeliest next {entry['last_texts'][:3]}")
        cases.append(entry)
    write(HERE / "smollm2.json", f"{gguf.name}, weights dequantized to float32", cases)


def main() -> None:
    for package, version in PINNED.items():
        found = {"transformers": transformers, "torch": torch}[package].__version__.split("+")[0]
        if found != version:
            sys.exit(f"make_model_golden: needs {package} {version}, found {found}")
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    match sys.argv[1:]:
        case ["tiny"]:
            make_tiny()
        case ["families", *names]:
            make_families(names)
        case ["fp8", *names]:
            make_quantized(tiny_fp8, names)
        case ["mxfp4", *names]:
            make_quantized(tiny_mxfp4, names)
        case ["smollm2", path]:
            make_smollm2(Path(path).resolve())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
