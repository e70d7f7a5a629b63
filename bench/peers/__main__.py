#!/usr/bin/env python3
"""Prompt and generation speed of estoc beside llama.cpp and OpenVINO GenAI, on the same GGUF files and machine.

  python3 bench/peers --models demo qwen3.gguf --peers-python PYTHON [-p 512] [-n 128] [-d 0,4096] [-b 1,8,32] [-t 2]

Tests are those of `estoc bench model`: pp512 is a prompt of 512 tokens, tg128 x8 are 128 tokens of each of 8 sequences
at once, @ d4096 means after 4,096 others. Each engine measures itself in a process of its own that ends before the next
one starts, so that neither memory nor threads mix; the engines take turns, --rounds times, so that a disturbance hits
all of them. Engines with variants (flash attention on and off; two pipelines) count with the better one of each test.
Medians of all repetitions are compared. bench/requirements.txt names the peers; one that is missing is left out.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import measure
import report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass
class Engine:
    """A command for each variant; the model and the test flags are appended."""
    variants: dict[str, list[str]]
    environment: dict[str, str] = field(default_factory=dict)


def demo_path() -> Path:
    cache = os.environ.get("ESTOC_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "estoc"
    return Path(cache) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def engines_of(arguments) -> dict[str, Engine]:
    """All engines, in the order in which they take turns."""
    environment = dict(pair.split("=", 1) for pair in arguments.peers_env)
    binary = str(arguments.binary)
    llama = [arguments.llama_python or arguments.peers_python, str(HERE / "llama_cpp_peer.py")]
    openvino = [arguments.peers_python, str(HERE / "openvino_peer.py")]
    served = [sys.executable, str(HERE / "served_estoc.py"), "--binary", binary]
    all_engines = {
        "estoc": Engine({"": [binary, "bench", "model", "-o", "json", *arguments.estoc_args.split()]}),
        "llama.cpp": Engine({f"fa {value}": [*llama, "--flash-attention", value] for value in ("on", "off")},
                            environment),
        "openvino": Engine({name: [*openvino, "--pipeline", name] for name in ("batching", "stateful")}, environment),
        "estoc served": Engine({"": [*served, f"--estoc-args={arguments.estoc_args}"]}),
    }
    return {name: all_engines[name] for name in all_engines if name in arguments.engines}


def visit(name: str, engine: Engine, variant: str, model: Path, arguments) -> list[dict]:
    """The rows of one engine's process; empty when it fails, which is said."""
    def joined(values: list[int]) -> str:
        return ",".join(map(str, values))

    command = [*engine.variants[variant], str(model), "-p", joined(arguments.p), "-n", joined(arguments.n), "-d",
               joined(arguments.d), "-b", joined(arguments.b), "-t", str(arguments.t), "-r", str(arguments.r)]
    try:
        done = subprocess.run(command, env=os.environ | engine.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=arguments.timeout)
        if done.returncode == 0:
            return json.loads(done.stdout)
        reason = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
    except subprocess.TimeoutExpired:
        reason = f"took more than {arguments.timeout} s"
    except (OSError, ValueError) as error:
        reason = str(error)
    print(f"peers: {name} {variant}: left out of this round: {reason}", file=sys.stderr)
    return []


def measure_model(model: Path, arguments) -> dict:
    engines = engines_of(arguments)
    samples: report.Samples = {name: {variant: {} for variant in engine.variants} for name, engine in engines.items()}
    versions: dict[str, str] = {}
    unmeasured: dict[str, str] = {}
    for number in range(arguments.rounds):
        for name, engine in engines.items():
            for variant in engine.variants:
                print(f"peers: {model.name}: round {number + 1} of {arguments.rounds}: {name} {variant}",
                      file=sys.stderr, flush=True)
                for row in visit(name, engine, variant, model, arguments):
                    versions[name] = row.get("version", "this tree")
                    test = measure.Test(row["n_prompt"], row["n_gen"], row["n_depth"], row["batch"]).name
                    samples[name][variant].setdefault(test, []).extend(row["tok_s"])
                    if "error" in row:
                        unmeasured[f"{name} {variant}: {test}"] = row["error"]
    tests = [test.name for test in measure.tests_of(arguments)]
    best = report.medians(samples)
    over = report.ratios(best)
    return {"model": model.name, "tests": tests, "versions": versions, "medians": best, "estoc_over": over,
            "unmeasured": unmeasured, "samples": samples}


def markdown(results: list[dict], about: str) -> str:
    parts = [about]
    for result in results:
        parts.append(f"### {result['model']}\n\n" + report.table(result["tests"], result["medians"], result["estoc_over"]))
        parts += [f"- {test}: {reason}" for test, reason in result["unmeasured"].items()]
    return "\n\n".join(parts) + "\n"


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="peers", description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["demo"], help="GGUF files, or demo")
    parser.add_argument("--engines", nargs="+", default=["estoc", "llama.cpp", "openvino"],
                        choices=["estoc", "llama.cpp", "openvino", "estoc served"])
    measure.add_test_flags(parser)
    parser.add_argument("--rounds", type=int, default=3, help="how often the engines take turns")
    parser.add_argument("--timeout", type=int, default=3600, help="seconds one engine may take in one round")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "estoc")
    parser.add_argument("--estoc-args", default="", help="further flags of estoc, in one string")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python that has the peers")
    parser.add_argument("--llama-python", help="another one for llama.cpp, to compare with another build of it")
    parser.add_argument("--peers-env", action="append", default=[], metavar="KEY=VALUE",
                        help="environment of the peers, like ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16; may be repeated")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, too")
    arguments = parser.parse_args()
    for pair in arguments.peers_env:
        if "=" not in pair:
            parser.error(f"--peers-env: '{pair}' is not KEY=VALUE")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    models = [demo_path() if model == "demo" else Path(model) for model in arguments.models]
    for model in models:
        if not model.exists():
            print(f"peers: {model} is not there (tools/demo_model.py gets the demo model)", file=sys.stderr)
            return 1
    if not arguments.binary.exists():
        print(f"peers: {arguments.binary} is not built", file=sys.stderr)
        return 1
    about = (f"{cpu_name()}, {arguments.t} threads; medians of {arguments.rounds} rounds of {arguments.r} repetitions"
             + (f"; peers with {' '.join(arguments.peers_env)}" if arguments.peers_env else ""))
    head = {"cpu": cpu_name(), "threads": arguments.t, "rounds": arguments.rounds, "repetitions": arguments.r,
            "estoc_args": arguments.estoc_args, "peers_env": arguments.peers_env}
    results: list[dict] = []
    for model in models:  # written after each, since a whole run takes hours
        results.append(measure_model(model, arguments))
        text = markdown(results, about)
        if arguments.markdown:
            arguments.markdown.write_text(text)
        if arguments.json:
            arguments.json.write_text(json.dumps(head | {"models": results}, indent=1) + "\n")
    print(text, end="")
    return 0 if any(result["medians"].get("estoc") for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
