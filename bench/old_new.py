#!/usr/bin/env python3
"""Whether a change made anything slower: two binaries on the same models, alternating, and the old one beside itself.

  python3 bench/old_new.py OLD NEW --models demo qwen3-0.6b-q4_0.gguf [--rounds 9] [-t 2] [--json FILE]

Each round runs the old binary, the new one and the old one again, in an order that rotates, each in processes of its own:
`estoc bench model` (prompt of 512, decode of 1, 8 and 32 sequences, decode after 4,096 tokens), then `estoc serve` under
--rate requests a second (prompts and answers of --tokens), asked by the old binary's `bench serve`. Printed are the
medians, the median of the rounds' ratios (above 1: the new one is faster) and how far the old one's ratios to
itself lie apart. A test fails when its ratio is below 0.98 and below that spread, which is also the exit status.

Only on a machine that does nothing else. Only the standard library.
"""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

LEAST = 0.98
COLUMNS = ("old", "new", "old again")


def demo_path() -> Path:
    cache = os.environ.get("ESTOC_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "estoc"
    return Path(cache) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def bench_model(binary: str, model: Path, threads: int) -> dict[str, float]:
    """{test: tokens a second}"""
    speeds = {}
    for flags in (["-p", "512", "-n", "32", "-b", "1,8,32"], ["-p", "0", "-n", "32", "-b", "1", "-d", "4096"]):
        command = [binary, "bench", "model", str(model), "-t", str(threads), "-r", "3", "-o", "json", *flags]
        output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout
        for row in json.loads(output):
            speeds[row["test"]] = row["tok_s_median"]
    return speeds


def bench_serve(binary: str, model: Path, seed: int, arguments) -> dict[str, float]:
    """{test: 1 / seconds}, so that more is better."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([binary, "serve", str(model), "--port", str(port), "--threads", str(arguments.threads),
                               "--log-level", "warn", "--ctx", "4096"])
    try:
        wait_until_ready(port)
        with tempfile.TemporaryDirectory() as folder:
            saved = Path(folder) / "points.json"
            prompt, answer = arguments.tokens
            subprocess.run([arguments.old, "bench", "serve", "--url", f"http://127.0.0.1:{port}", "--workload",
                            "synthetic", "--input-tokens", str(prompt), "--output-tokens", str(answer), "--rate",
                            str(arguments.rate), "--duration", str(arguments.seconds), "--warmup", "4", "--seed",
                            str(seed), "--json", str(saved)],
                           check=True, capture_output=True, timeout=600)
            point = json.loads(saved.read_text())["points"][0]
    finally:
        server.terminate()
        server.wait(60)
    first = [each["first_s"] - each["sent_s"] for each in point["requests"]]
    gaps = [gap for each in point["requests"] for gap in each["gaps_s"]]
    return {"first token p50": 1 / statistics.median(first), "gap mean": 1 / statistics.mean(gaps),
            "gap p99": 1 / statistics.quantiles(gaps, n=100)[98]}


def wait_until_ready(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server was not ready within a minute")


def visit(column: str, model: Path, round_number: int, arguments) -> dict[str, float]:
    binary = arguments.new if column == "new" else arguments.old
    result = bench_model(binary, model, arguments.threads)
    if arguments.seconds > 0:
        result |= bench_serve(binary, model, round_number + 1, arguments)
    return result


def judge(name: str, rounds: list[dict[str, dict[str, float]]]) -> bool:
    """Prints a row a test; whether all are well."""
    is_well = True
    for test in rounds[0]["old"]:
        medians = {column: statistics.median(each[column][test] for each in rounds) for column in COLUMNS}
        ratios = [each["new"][test] / statistics.mean((each["old"][test], each["old again"][test])) for each in rounds]
        selves = [each["old again"][test] / each["old"][test] for each in rounds]
        spread = statistics.quantiles([*selves, *(1 / ratio for ratio in selves)], n=4) if len(rounds) > 1 else [1, 1, 1]
        ratio = statistics.median(ratios)
        is_good = ratio >= min(LEAST, spread[0])
        is_well = is_well and is_good
        print(f"{name:24.24} {test:18} old {medians['old']:9.2f}  new {medians['new']:9.2f}  new/old {ratio:.3f} "
              f"({min(ratios):.2f} to {max(ratios):.2f})  old/old {spread[0]:.3f} to {spread[2]:.3f}"
              f"{'' if is_good else '  SLOWER'}", flush=True)
    return is_well


def main() -> int:
    parser = argparse.ArgumentParser(prog="old_new", description=__doc__.splitlines()[0])
    parser.add_argument("old", metavar="OLD", help="a binary")
    parser.add_argument("new", metavar="NEW", help="another")
    parser.add_argument("--models", nargs="+", default=["demo"], help="demo, or paths")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1.2, help="requests a second")
    parser.add_argument("--tokens", nargs=2, type=int, default=[300, 64], metavar=("PROMPT", "ANSWER"))
    parser.add_argument("--seconds", type=float, default=15, help="of requests, each time; 0 leaves serving out")
    parser.add_argument("--json", help="a file for every figure")
    arguments = parser.parse_args()
    is_well, everything = True, {}
    for name in arguments.models:
        model = demo_path() if name == "demo" else Path(name)
        rounds = []
        for number in range(arguments.rounds):
            turns = [COLUMNS[(number + i) % 3] for i in range(3)]
            rounds.append({column: visit(column, model, number, arguments) for column in turns})
            print(f"old_new: {name}: round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
        everything[name] = rounds
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(everything, indent=1))
        is_well = judge(Path(name).name, rounds) and is_well
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
