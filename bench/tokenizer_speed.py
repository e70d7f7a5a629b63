#!/usr/bin/env python3
"""MB/s of our tokenizers beside PyPI's tokenizers, one thread, over mixed text; and texts made to be slow.

  ESTOC_BUILD=build/release ESTOC_SHARED=../shared python bench/tokenizer_speed.py [--mb 10] [--peer-mb 2] [NAME ...]

Needs the packages of tests/conformance/requirements.txt and build/release/tests/tokenizer_encoder. Documents of about
4 KB; the library encodes the first of them only, because it takes so long.
"""

import argparse
import math
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "golden"))
import random_texts  # noqa: E402

BUILD = Path(os.environ.get("ESTOC_BUILD", "build/release"))
DATA = Path(os.environ.get("ESTOC_SHARED", "../shared")) / "data"
SLOW = {"letter": "a", "blank": " ", "emoji": "😀", "digit": "7", "mark": "\u0301", "line end": "\n"}


def documents(megabytes):
    """English, code, numbers and twenty scripts, about 4 KB each."""
    parts = [(DATA / "tokenizers" / "long_text.txt").read_text()]
    parts += [(DATA / "text" / name).read_text() for name in ("tinyshakespeare.txt", "wikitext2_test.txt",
                                                              "humaneval_000_079.jsonl", "gsm8k_test_60.jsonl")]
    parts.append("\n".join(random_texts.texts(12000, 5)))
    pieces = [part[i:i + 4096] for part in parts for i in range(0, len(part), 4096)]
    pieces = [piece for i in range(37) for piece in pieces[i::37]]
    found, size = [], 0
    while size < megabytes * 1e6:
        for piece in pieces:
            found.append(piece)
            size += len(piece.encode())
            if size >= megabytes * 1e6:
                break
    return found


def ours(path, texts):
    """Seconds to open, seconds to encode."""
    data = b"".join(struct.pack("<I", len(text)) + text for text in (t.encode() for t in texts))
    run = subprocess.run([BUILD / "tests" / "tokenizer_encoder", path, "--time"], input=data, capture_output=True,
                         check=True)
    opened, took, _ = map(float, run.stdout.split())
    return opened, took


def megabytes_of(texts):
    return sum(len(text.encode()) for text in texts) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=float, default=10)
    parser.add_argument("--peer-mb", type=float, default=2)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    from tokenizers import Tokenizer
    texts, peer_texts = documents(arguments.mb), documents(arguments.peer_mb)
    ratios = []
    print(f"{'':24} {'open ms':>8} {'MB/s':>7} {'peer':>7} {'ratio':>6}   seconds for 1 MB of {', '.join(SLOW)}")
    for path in sorted((DATA / "tokenizers" / "hf").glob("*/tokenizer.json")):
        name = path.parent.name
        if arguments.names and name not in arguments.names or name == "added-tokens":
            continue
        opened, took = ours(path, texts)
        speed, peer = megabytes_of(texts) / took, float("nan")
        slow = [ours(path, [unit * (1000000 // len(unit.encode()))])[1] for unit in SLOW.values()]
        try:
            oracle = Tokenizer.from_file(str(path))
            oracle.no_truncation()
            oracle.no_padding()
            start = time.perf_counter()
            for text in peer_texts:
                oracle.encode(text)
            peer = megabytes_of(peer_texts) / (time.perf_counter() - start)
            ratios.append(speed / peer)
        except Exception:  # it refuses llama-2
            pass
        print(f"{name:24} {opened * 1000:8.0f} {speed:7.1f} {peer:7.2f} {speed / peer:6.1f}   "
              + " ".join(f"{seconds:.3f}" for seconds in slow), flush=True)
    if ratios:
        print(f"geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.1f}, least {min(ratios):.1f}")


if __name__ == "__main__":
    main()
