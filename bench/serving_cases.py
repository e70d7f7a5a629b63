#!/usr/bin/env python3
"""What latency claims rest on, one case after the other, against `estoc serve` started here.

  python3 bench/serving_cases.py MODEL [MODEL ...] [--binary build/estoc] [-t 2]

  gap      four answers stream when a prompt of 2,000 tokens arrives: the longest time between two tokens, with the
           default policy and with --policy prefill-first
  repeat   the same prompt of 2,000 tokens twice: time to first token of both
  shared   16 requests at once with one beginning of 1,000 tokens: tokens that were computed
  full     32 users with prompts of 300 and answers of 64 tokens: requests/s beside what `estoc bench model` predicts

Every server reads 32 prompts and is left alone for --settle seconds first, since it backs its KV pool with memory as it is
used and while nobody asks: where a virtual machine's host finds that memory slowly, a pool that is touched for the first
time takes a tenth of the speed.

Only the standard library. Text is made of numbers; lengths are what the server's usage says.
"""
import argparse
import http.client
import json
import random
import socket
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Server:
    settle = 0.0  # seconds

    def __init__(self, binary: Path, model: str, threads: int, *flags: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([binary, "serve", model, "--port", str(self.port), "--threads", str(threads),
                                         "--log-level", "warn", *flags])

    def __enter__(self):
        self.wait_until_ready()
        if self.settle > 0:
            together(*each(32, lambda i: self.stream(prompt_of(300, 100 + i), 1)))
            time.sleep(self.settle)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def wait_until_ready(self) -> None:
        for _ in range(600):
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("serving_cases: the server did not answer within 60 s")

    def get(self, path: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def stream(self, prompt: list[int], tokens: int) -> dict:
        """Times of the chunks from the request on, and the usage."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        body = {"prompt": prompt, "max_tokens": tokens, "stream": True, "ignore_eos": True, "temperature": 0,
                "stream_options": {"include_usage": True}}
        begin = time.monotonic()
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"serving_cases: {answer.status} {answer.read().decode()}")
        times, usage = [], None
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            usage = event.get("usage") or usage
            if event["choices"] and event["choices"][0]["finish_reason"] is None:
                times.append(time.monotonic() - begin)
        return {"times": times, "usage": usage}


def each(count: int, call) -> list:
    """Calls for together: call(0), call(1), ..."""
    return [partial(call, i) for i in range(count)]


def together(*calls) -> list:
    """What the calls return, each made by a thread of its own; raises what one of them raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def prompt_of(tokens: int, seed: int) -> list[int]:
    draw = random.Random(seed)
    return [draw.randrange(1000, 20000) for _ in range(tokens)]


def worst_gap(times: list[float]) -> float:
    return max((b - a for a, b in zip(times, times[1:])), default=0)


def case_gap(binary: Path, model: str, threads: int) -> None:
    for policy in ("mixed", "prefill-first"):
        with Server(binary, model, threads, "--policy", policy) as server:
            together(*each(4, lambda i: server.stream(prompt_of(100, 900 + i), 64)))  # learns its costs
            for i in range(3):
                server.stream(prompt_of(400, 800 + i), 2)
            worst, firsts = [], []
            for round_number in range(3):
                def late():
                    time.sleep(0.5)
                    return server.stream(prompt_of(2000, 50 + round_number), 4)
                *streams, long = together(
                    *each(4, lambda i: server.stream(prompt_of(100, 10 * round_number + i), 160)), late)
                worst.append(max(worst_gap(one["times"]) for one in streams))
                firsts.append(long["times"][0])
            print(f"  gap, {policy}: longest {' '.join(f'{1e3 * gap:.0f}' for gap in worst)} ms in three rounds; "
                  f"first token of the long prompt {statistics.median(firsts):.2f} s", flush=True)


def case_repeat(server: Server) -> None:
    ratios, lines = [], []
    for seed in range(3):
        first, second = (server.stream(prompt_of(2000, 300 + seed), 4) for _ in range(2))
        ratios.append(second["times"][0] / first["times"][0])
        lines.append(f"{1e3 * first['times'][0]:.0f} then {1e3 * second['times'][0]:.0f} ms")
    print(f"  repeat: first token {'; '.join(lines)}: {100 * statistics.median(ratios):.1f} %; cached "
          f"{second['usage']['prompt_tokens_details']['cached_tokens']} of {second['usage']['prompt_tokens']}", flush=True)


def case_shared(server: Server) -> None:
    system = prompt_of(1000, 77)
    results = together(*each(16, lambda i: server.stream(system + prompt_of(20, 1000 + i), 8)))
    prompt = sum(one["usage"]["prompt_tokens"] for one in results)
    cached = sum(one["usage"]["prompt_tokens_details"]["cached_tokens"] for one in results)
    print(f"  shared: {prompt - cached} of {prompt} prompt tokens computed for 16 requests of 1,020; first tokens after "
          f"{min(one['times'][0] for one in results):.2f} to {max(one['times'][0] for one in results):.2f} s", flush=True)


def rate_of_bench(binary: Path, model: str, threads: int) -> float:
    """Requests/s when prompts and answers are computed at the speeds of `estoc bench model`."""
    out = subprocess.run([binary, "bench", "model", model, "-p", "300", "-n", "32", "-d", "0,332", "-b", "32", "-t",
                          str(threads), "-r", "2", "-o", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    speed = {row["test"]: row["tok_s_median"] for row in json.loads(out.stdout)}
    prompt, answer = speed["pp300"], speed["tg32 x32 @ d332"]
    print(f"  bench model: prompts {prompt:.0f} tokens/s, 32 answers at depth 332 {answer:.0f} tokens/s", flush=True)
    return 1 / (300 / prompt + 64 / answer)


def case_full(binary: Path, model: str, threads: int) -> None:
    predicted = [rate_of_bench(binary, model, threads)]
    for target in ("150", "250"):
        with Server(binary, model, threads, "--target-tbt", target, "--queue-seconds", "600") as server:
            end = time.monotonic() + 30
            done = []

            def user(number):
                turn = 0
                while time.monotonic() < end:
                    server.stream(prompt_of(300, 5000 + 1000 * number + turn), 64)
                    turn += 1
                    done.append(time.monotonic())
            begin = time.monotonic()
            together(*each(32, user))
            # From the first to the last answer of the time when all users were at work.
            inside = [at for at in done if begin + 8 <= at <= end]
            rate = (len(inside) - 1) / (inside[-1] - inside[0])
        predicted.append(rate)
        print(f"  full, --target-tbt {target}: {rate:.2f} requests/s of {predicted[0]:.2f} predicted: "
              f"{100 * rate / predicted[0]:.0f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "estoc")
    parser.add_argument("--cases", nargs="+", default=["gap", "repeat", "shared", "full"])
    parser.add_argument("-t", type=int, default=2, help="threads")
    parser.add_argument("--settle", type=float, default=15, help="seconds between a server's first requests and the measured ones")
    arguments = parser.parse_args()
    Server.settle = arguments.settle
    for model in arguments.models:
        print(model, flush=True)
        if "gap" in arguments.cases:
            case_gap(arguments.binary, model, arguments.t)
        with Server(arguments.binary, model, arguments.t) as server:
            server.stream(prompt_of(400, 1), 16)
            if "repeat" in arguments.cases:
                case_repeat(server)
            if "shared" in arguments.cases:
                case_shared(server)
        if "full" in arguments.cases:
            case_full(arguments.binary, model, arguments.t)


if __name__ == "__main__":
    main()
