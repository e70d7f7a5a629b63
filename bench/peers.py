#!/usr/bin/env python3
"""Prompt and decode speed of estoc beside llama.cpp and OpenVINO GenAI, on the same GGUF file and the same machine.

  bench/peers.py [--model demo] [--threads 2] [-r 5] [--peers-python PYTHON] [--json OUT]

  pp512  512 prompt tokens / time to the first token
  tg128  decode speed after a one-token prompt: gaps between tokens, the first token not counted

The engines take turns, r rounds, so that a disturbance hits all of them; medians are printed, and the ratios of
medians. Each peer is optional: bench/requirements.txt lists them, and --peers-python names the Python that has them (a
virtual environment); a peer that cannot be imported is named and left out. estoc is measured over HTTP as a client sees
it, so its numbers include the server.
"""
import argparse
import http.client
import json
import os
import platform
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMPT_TOKENS, DECODE_TOKENS = 512, 128
METRICS = ("pp512", "tg128")
# What a peer needs; tried with exactly these versions.
PEERS = {"llama.cpp": "llama-cpp-python==0.3.36", "openvino": "openvino-genai==2026.4.1.0"}


def random_prompt(seed: int) -> list[int]:
    """Token ids without special ones; another seed, another prompt, so that no prefix cache helps."""
    chooser = random.Random(seed)
    return [chooser.randrange(1000, 40000) for _ in range(PROMPT_TOKENS)]


def demo_path() -> Path:
    cache = os.environ.get("ESTOC_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "estoc"
    return Path(cache) / "SmolLM2-135M-Instruct.Q4_1.gguf"


class Estoc:
    """Our server, timed from outside: one streamed chunk is one token."""

    def __init__(self, model: Path, threads: int, extra: list[str]):
        binary = ROOT / "build" / "estoc"
        if not binary.exists():
            raise ImportError(f"{binary} is not built")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [str(binary), "serve", str(model), "--host", "127.0.0.1", "--port", str(self.port), "--threads",
             str(threads), "--ctx", "2048", *extra], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError("estoc ended at its start")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/v1/models")
                self.name = json.load(connection.getresponse())["data"][0]["id"]
                break
            except (OSError, KeyError, ValueError):
                time.sleep(0.1)
        else:
            raise RuntimeError("estoc did not answer within a minute")

    def times(self, prompt: list[int], count: int) -> list[float]:
        """Seconds from the request to each of `count` tokens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.connect()
        # logprobs: every token comes with its record, so that a token without text of its own is seen, too.
        body = json.dumps({"model": self.name, "prompt": prompt, "max_tokens": count, "temperature": 0,
                           "ignore_eos": True, "stream": True, "logprobs": 0})
        start = time.perf_counter()
        connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"estoc answered {answer.status}: {answer.read().decode()}")
        found: list[float] = []
        while line := answer.readline():
            if line.startswith(b"data: {"):
                now = time.perf_counter() - start
                for choice in json.loads(line[6:])["choices"]:
                    found += [now] * len((choice.get("logprobs") or {}).get("tokens", []))
        if len(found) != count:
            raise RuntimeError(f"estoc sent {len(found)} tokens, expected {count}")
        return found

    def round(self, seed: int) -> dict[str, float]:
        first = self.times(random_prompt(seed), 1)[0]
        decode = self.times(random_prompt(seed)[:1], DECODE_TOKENS)
        return {"pp512": PROMPT_TOKENS / first, "tg128": (DECODE_TOKENS - 1) / (decode[-1] - decode[0])}

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class LlamaCpp:
    """The library in this process, without server or sampling: its best case."""

    def __init__(self, model: Path, threads: int):
        import llama_cpp

        self.version = llama_cpp.__version__
        self.llama = llama_cpp.Llama(str(model), n_ctx=2048, n_batch=512, n_ubatch=512, n_threads=threads,
                                     n_threads_batch=threads, verbose=False)

    def round(self, seed: int) -> dict[str, float]:
        prompt = random_prompt(seed)
        self.llama.reset()
        start = time.perf_counter()
        self.llama.eval(prompt)
        prefill = time.perf_counter() - start
        self.llama.reset()
        self.llama.eval(prompt[:1])
        start = time.perf_counter()
        for token in prompt[1:DECODE_TOKENS]:
            self.llama.eval([token])
        decode = time.perf_counter() - start
        return {"pp512": PROMPT_TOKENS / prefill, "tg128": (DECODE_TOKENS - 1) / decode}


class OpenVino:
    """LLMPipeline on the CPU; its own metrics give the times."""

    def __init__(self, model: Path, threads: int):
        import openvino
        import openvino_genai

        self.version = openvino_genai.__version__
        self.tensor = openvino.Tensor
        self.pipeline = openvino_genai.LLMPipeline(str(model), "CPU", INFERENCE_NUM_THREADS=threads,
                                                   PERFORMANCE_HINT="LATENCY")
        self.config = openvino_genai.GenerationConfig(ignore_eos=True, do_sample=False)

    def metrics(self, prompt: list[int], count: int):
        import numpy

        self.config.max_new_tokens = count
        return self.pipeline.generate(self.tensor(numpy.array([prompt], dtype=numpy.int64)), self.config).perf_metrics

    def round(self, seed: int) -> dict[str, float]:
        prompt = random_prompt(seed)
        first = self.metrics(prompt, 1).get_ttft().mean
        decode = self.metrics(prompt[:1], DECODE_TOKENS).get_tpot().mean
        return {"pp512": PROMPT_TOKENS / (first / 1000), "tg128": 1000 / decode}


class Peer:
    """An engine inside another Python, one line of JSON for each round, so that they share no threads."""

    def __init__(self, name: str, python: str, model: Path, threads: int):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, __file__, "--peer", name, "--model", str(model), "--threads", str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.version = self.read()["version"]

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.errors.seek(0)
            errors = self.errors.read().strip().splitlines()
            raise RuntimeError(errors[-1] if errors else f"ended with code {code}")
        return json.loads(line)

    def round(self, seed: int) -> dict[str, float]:
        self.process.stdin.write(f"{seed}\n")
        self.process.stdin.flush()
        return self.read()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)


def serve_peer(name: str, model: Path, threads: int) -> None:
    """The other end of Peer. Whatever the library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    engine = {"llama.cpp": LlamaCpp, "openvino": OpenVino}[name](model, threads)
    print(json.dumps({"version": engine.version}), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(engine.round(int(line))), file=out, flush=True)


def start_engines(arguments, model: Path) -> dict[str, object]:
    engines: dict[str, object] = {}
    starters = {"estoc": lambda: Estoc(model, arguments.threads, arguments.estoc_args.split())}
    for name in PEERS:
        starters[name] = lambda name=name: Peer(name, arguments.peers_python, model, arguments.threads)
    for name, start in starters.items():
        try:
            engines[name] = start()
        except (ImportError, RuntimeError, OSError) as error:
            wanted = f" (wanted: {PEERS[name]})" if name in PEERS else ""
            print(f"{name}: left out{wanted}: {error}", file=sys.stderr)
    return engines


def report(results: dict[str, dict[str, list[float]]]) -> dict:
    """Prints the table and returns medians and ratios."""
    medians = {name: {metric: statistics.median(values[metric]) for metric in METRICS} for name, values in results.items()}
    print(f"{'tokens/s, median':<18}" + "".join(f"{metric:>10}{'(min..max)':>22}" for metric in METRICS))
    for name, values in results.items():
        print(f"{name:<18}" + "".join(
            f"{medians[name][metric]:>10.1f}{f'({min(values[metric]):.1f}..{max(values[metric]):.1f})':>22}"
            for metric in METRICS))
    ratios = {}
    for name in medians:
        if name != "estoc" and "estoc" in medians:
            ratios[name] = {metric: medians["estoc"][metric] / medians[name][metric] for metric in METRICS}
            print(f"estoc / {name:<10}" + "".join(f"{ratios[name][metric]:>10.2f}{'':>22}" for metric in METRICS))
    return {"medians": medians, "estoc_over": ratios}


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="demo", help="a GGUF file, or demo")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-r", "--rounds", type=int, default=5)
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--estoc-args", default="", help="further arguments of estoc serve, in one string")
    parser.add_argument("--json", type=Path, help="also write everything measured to this file")
    parser.add_argument("--peer", choices=list(PEERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    model = demo_path() if arguments.model == "demo" else Path(arguments.model)
    if not model.is_file():
        print(f"peers: {model} is not there (tools/demo_model.py gets the demo model)", file=sys.stderr)
        return 1
    if arguments.peer:
        serve_peer(arguments.peer, model, arguments.threads)
        return 0
    engines = start_engines(arguments, model)
    if not engines:
        return 1
    results = {name: {metric: [] for metric in METRICS} for name in engines}
    for number in range(-1, arguments.rounds):  # round -1 warms up and is not counted
        for name, engine in engines.items():
            for metric, value in engine.round(1000 + number).items():
                if number >= 0:
                    results[name][metric].append(value)
    summary = report(results)
    if arguments.json:
        arguments.json.write_text(json.dumps({
            "model": model.name, "threads": arguments.threads, "rounds": arguments.rounds, "cpu": cpu_name(),
            "versions": {name: getattr(engine, "version", "this tree") for name, engine in engines.items()},
            **summary, "all": results}, indent=1) + "\n")
    for engine in engines.values():
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
