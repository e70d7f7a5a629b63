#!/usr/bin/env python3
"""Bodies made to cost as much as they can, many at once, beside honest streams.

  build/venv/bin/python tests/hostile.py [--model demo] [--count 200] [--volleys 1] [--no-gaps]

Starts `estoc serve`, lets four honest clients stream alone, and then while `--count` hostile requests come at once: the
largest bodies, the longest lists, the deepest JSON. Each has to be refused with 400, 413 or 503 with Retry-After; the
server's memory may peak at 512 MiB above what it had before; the streams' 99th percentile of gaps may be 1.2 times that
of the undisturbed run. The hostile clients are a process of low priority of their own, so that what is measured is the
server more than the machine. Only on this machine, and over in a minute or two.
"""
import argparse
import collections
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))
from estoc_server import GOLDEN, EstocServer  # noqa: E402

BODY_BYTES = (32 << 20) - 4096  # just within what the server takes
MEMORY_MIB, GAP_FACTOR = 512, 1.2
PATIENCE_S = 60


def say(text: str) -> None:
    print(f"hostile: {text}", file=sys.stderr, flush=True)


def filled(begin: str, item: str, end: str, size: int = BODY_BYTES) -> bytes:
    """`begin`, as many of `item` as fit, `end`."""
    count = (size - len(begin) - len(end)) // len(item)
    return (begin + item * count).rstrip(",").encode() + end.encode()


def bodies() -> dict[str, tuple[str, bytes]]:
    """{"name": (path, body)}: every kind of excess, most of them as large as a body may be."""
    chat, text = "/v1/chat/completions", "/v1/completions"
    user = '{"messages":[{"role":"user","content":"'
    message = '{"role":"user","content":""},'
    prompt = '{"prompt":"a",'
    return {
        "longest text": (chat, filled(user, "a", '"}]}')),
        "longest prompt": (text, filled('{"prompt":"', "word ", '"}')),
        "text of escapes": (chat, filled(user, "\\u0041", '"}]}')),
        "text of quotes": (chat, filled(user, '\\"\\\\', '"}]}')),
        "texts within the limit of one": (text, filled('{"prompt":[', '"' + "a" * 60_000 + '",', "]}")),
        "stop tokens": (text, filled(prompt + '"n":64,"stop_token_ids":[', "1,", "]}")),
        "biases": (text, filled(prompt + '"logit_bias":{', '"1":1,', "}}")),
        "stops": (text, filled(prompt + '"stop":[', '"a",', "]}")),
        "token ids": (text, filled('{"prompt":[', "1,", "]}")),
        "token ids within the limit": (text, filled('{"prompt":[', "1,", "]}", 2_000_000)),
        "prompts": (text, filled('{"prompt":[', '"a",', "]}")),
        "messages": (chat, filled('{"messages":[', message, "]}")),
        "messages within the limit of values": (chat, filled('{"messages":[', message, "]}", 9_000_000)),
        "fields": (chat, filled("{", '"a":1,', "}")),
        "deepest lists": (chat, b"[" * BODY_BYTES),
        "deepest objects": (chat, filled("", '{"a":', "")),
        "deep fields": (chat, filled('{"messages":', "[", "")),
        "no JSON": (chat, b"\x00\xff" * (BODY_BYTES // 2)),
        "spaces": (chat, b" " * BODY_BYTES),
        "beyond the limit": (chat, b"[" * (BODY_BYTES + 8192)),
        "many choices": (text, b'{"prompt":[' + b",".join([b'"a"'] * 256) + b'],"n":128}'),
    }


class Refused(Exception):
    """An answer that must not be; the text says which."""


def attack(port: int, path: str, body: bytes, stops_early: bool) -> str:
    """Sends a body and returns the status; `stops_early`: only until the answer begins to come."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as plain:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        received = b""
        try:
            plain.sendall(head)
            view = memoryview(body)
            plain.setblocking(not stops_early)
            while view:
                try:
                    view = view[plain.send(view[:1 << 18]):]
                except BlockingIOError:
                    time.sleep(0.002)
                if stops_early:
                    try:
                        received += plain.recv(1 << 16)
                        break
                    except BlockingIOError:
                        pass
        except (BrokenPipeError, ConnectionResetError):
            pass  # it need not have read all to answer
        plain.settimeout(PATIENCE_S)
        try:
            while b"\r\n\r\n" not in received and (more := plain.recv(1 << 16)):
                received += more
        except ConnectionResetError:
            pass
    if not received:
        raise Refused("no answer")
    status = received.split(b" ", 2)[1].decode()
    if status == "503" and b"retry-after" not in received.lower():
        raise Refused("503 without Retry-After")
    if status not in ("400", "413", "503"):
        raise Refused(received[:300].decode(errors="replace"))
    return status


def volley(port: int, count: int, seed: int) -> tuple[collections.Counter, list[str]]:
    """`count` attacks at once: how they were answered, and what was wrong."""
    chooser = random.Random(seed)
    kinds = list(bodies().items())
    statuses: collections.Counter = collections.Counter()
    problems = []

    def one(name: str, path: str, body: bytes, stops_early: bool) -> None:
        try:
            statuses[attack(port, path, body, stops_early)] += 1
        except (Refused, OSError) as error:
            problems.append(f"{name}: {error!r}")

    threads = []
    for number in range(count):
        name, (path, body) = kinds[number % len(kinds)]
        threads.append(threading.Thread(target=one, args=(name, path, body, chooser.random() < 0.5)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, problems


class Stream(threading.Thread):
    """An honest client: one answer after another, at least one, until `enough`; and the gaps between their chunks."""

    def __init__(self, server: EstocServer, number: int, tokens: int, enough: threading.Event):
        super().__init__()
        self.server, self.number, self.tokens, self.enough = server, number, tokens, enough
        self.gaps: list[float] = []
        self.answers = 0
        self.problem = ""
        self.begun = threading.Event()

    def run(self) -> None:
        try:
            while not self.problem and not (self.answers and self.enough.is_set()):
                self.answer()
        except OSError as error:
            self.problem = f"stream {self.number}, answer {self.answers + 1}: {error!r}"
        self.begun.set()

    def answer(self) -> None:
        body = {"model": self.server.model, "prompt": f"Once upon a time there were {self.number + 2} friends",
                "max_tokens": self.tokens, "ignore_eos": True, "temperature": 0, "stream": True}
        data = json.dumps(body).encode()
        with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE_S) as plain:
            plain.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
            last, received = None, b""
            while more := plain.recv(1 << 16):
                now = time.monotonic()
                if last is not None:
                    self.gaps.append(now - last)
                if last is not None or b"data:" in more:
                    self.begun.set()
                    last = now
                received += more
        self.answers += 1
        if b"data: [DONE]" not in received or b'"error"' in received:
            self.problem = f"stream {self.number}, answer {self.answers} ended with {received[-200:]!r}"


def run_streams(server: EstocServer, tokens: int, beside=None) -> tuple[list[float], list[str]]:
    """All gaps of four streams, in ms; `beside` runs while they do, and they go on until it has ended."""
    enough = threading.Event()
    streams = [Stream(server, number, tokens, enough) for number in range(4)]
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.begun.wait(PATIENCE_S)
    if beside:
        beside()
    enough.set()
    for stream in streams:
        stream.join()
    problems = [stream.problem for stream in streams if stream.problem]
    if beside:
        say(f"beside it 4 streams of {tokens} tokens ended {sum(stream.answers for stream in streams)} answers")
    return [1e3 * gap for stream in streams for gap in stream.gaps], problems


def p99(gaps: list[float]) -> float:
    return statistics.quantiles(gaps, n=100)[98]


def judge_gaps(calm: list[float], disturbed: list[float]) -> list[str]:
    """Says the streams' gaps in ms, and what is wrong with them."""
    if min(len(calm), len(disturbed)) < 100:
        return [f"{len(calm)} gaps alone and {len(disturbed)} disturbed, expected at least 100: --tokens is too small"]
    factor = p99(disturbed) / p99(calm)
    say(f"gaps of 4 streams: p50 {statistics.median(calm):.1f}, p99 {p99(calm):.1f}, max {max(calm):.1f} ms alone; "
        f"p50 {statistics.median(disturbed):.1f}, p99 {p99(disturbed):.1f}, max {max(disturbed):.1f} ms disturbed: "
        f"{factor:.2f} times")
    return [f"the streams' p99 gap rose to {factor:.2f} times, expected {GAP_FACTOR}"] if factor > GAP_FACTOR else []


def send_volleys(port: int, arguments, problems: list[str]) -> None:
    """In a process of their own, which gives way to the server."""
    for number in range(arguments.volleys):
        begin = time.monotonic()
        command = [sys.executable, __file__, "--volley-at", str(port), "--count", str(arguments.count),
                   "--seed", str(arguments.seed + number)]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: os.nice(19))
        result = json.loads(done.stdout) if done.returncode == 0 else {"statuses": {}, "problems": [done.stderr]}
        say(f"volley of {arguments.count}: {result['statuses']} in {time.monotonic() - begin:.1f} s")
        problems += result["problems"]
        if sum(result["statuses"].values()) != arguments.count:
            problems.append(f"{result['statuses']} are not {arguments.count} answers")


def settled_memory(server: EstocServer) -> int:
    """Resident bytes of the idle server, once it takes no more memory ahead for keys and values."""
    deadline = time.monotonic() + PATIENCE_S
    before = -1
    while (now := server.memory_bytes("VmRSS")) != before and time.monotonic() < deadline:
        before = now
        time.sleep(1)
    return now


def run(server: EstocServer, arguments) -> list[str]:
    """What went wrong, in sentences."""
    problems: list[str] = []
    run_streams(server, 16)
    calm, calm_problems = run_streams(server, arguments.tokens)
    idle = settled_memory(server)
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # VmHWM begins anew
    disturbed, stream_problems = run_streams(server, arguments.tokens,
                                             lambda: send_volleys(server.port, arguments, problems))
    peak = server.memory_bytes("VmHWM")
    problems += calm_problems + stream_problems
    say(f"memory: {idle / 2**20:.0f} MiB idle, {peak / 2**20:.0f} MiB at its peak: {(peak - idle) / 2**20:+.0f} MiB")
    if peak - idle > MEMORY_MIB << 20:
        problems.append(f"memory peaked {(peak - idle) / 2**20:.0f} MiB above idle, expected at most {MEMORY_MIB}")
    if not arguments.no_gaps:
        problems += judge_gaps(calm, disturbed)
    return problems


def hostile(arguments, log: Path) -> list[str]:
    model = GOLDEN / "models" / "smollm2_like" if arguments.model == "tiny" else arguments.model
    server = EstocServer(model, log, "--kv-memory", "256M", *arguments.server_args.split())
    try:
        problems = run(server, arguments)
    finally:
        server.stop()
    return problems


def parse_arguments(words=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="demo", help="tiny (made of random numbers), demo, or a path")
    parser.add_argument("--count", type=int, default=200, help="hostile requests at once")
    parser.add_argument("--volleys", type=int, default=1, help="one after the other")
    parser.add_argument("--tokens", type=int, default=600, help="of each honest stream")
    parser.add_argument("--no-gaps", action="store_true", help="do not judge the streams' gaps: the machine is busy")
    parser.add_argument("--server-args", default="", help="further flags of the server, in one string")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--volley-at", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main() -> int:
    arguments = parse_arguments()
    if arguments.volley_at:
        statuses, problems = volley(arguments.volley_at, arguments.count, arguments.seed)
        print(json.dumps({"statuses": statuses, "problems": problems}))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        problems = hostile(arguments, Path(folder) / "log")
    for problem in problems[:20]:
        say(problem)
    say("failed" if problems else "passed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
