#!/usr/bin/env python3
"""Bodies made to cost as much as they can, many at once, beside honest streams.

  build/venv/bin/python tests/hostile.py [--model demo] [--count 200] [--volleys 1] [--split] [--no-gaps]

Starts `estoc serve`, lets four honest clients stream alone, and then while `--count` hostile requests come at once: the
largest bodies, the longest lists, the deepest JSON. Each has to be refused with 400, 413 or 503 with Retry-After; the
server's memory may peak at 512 MiB above what it had before; the streams' 99th percentile of gaps while they come may
be 1.2 times that of the undisturbed run. The hostile clients are a process of low priority of their own, with bodies
made before (tests/hostile_volley.py), so that what is measured is the server more than the machine; with --split the
server also has the first CPU (and one thread) for itself and all clients share the others. What the server's threads
computed meanwhile is told by kind. Only on this machine, and over in a minute or two.
"""
import argparse
import json
import math
import os
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

MEMORY_MIB, GAP_FACTOR = 512, 1.2
PATIENCE_S = 60


def say(text: str) -> None:
    print(f"hostile: {text}", file=sys.stderr, flush=True)


class Stream(threading.Thread):
    """An honest client: one answer after another, at least one, until `enough`; and the gaps between their chunks."""

    def __init__(self, server: EstocServer, number: int, tokens: int, enough: threading.Event):
        super().__init__()
        self.server, self.number, self.tokens, self.enough = server, number, tokens, enough
        self.gaps: list[tuple[float, float]] = []  # (when it ended, how long it was)
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
                    self.gaps.append((now, now - last))
                if last is not None or b"data:" in more:
                    self.begun.set()
                    last = now
                received += more
        self.answers += 1
        if b"data: [DONE]" not in received or b'"error"' in received:
            self.problem = f"stream {self.number}, answer {self.answers} ended with {received[-200:]!r}"


def run_streams(server: EstocServer, tokens: int, beside=None) -> tuple[list[float], list[str]]:
    """The gaps of four streams, in ms. `beside` runs while they do, they go on until it has ended, and only gaps that
    ended before it count."""
    enough = threading.Event()
    streams = [Stream(server, number, tokens, enough) for number in range(4)]
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.begun.wait(PATIENCE_S)
    begin, end = 0.0, math.inf
    if beside:
        begin = time.monotonic()
        beside()
        end = time.monotonic()
    enough.set()
    for stream in streams:
        stream.join()
    problems = [stream.problem for stream in streams if stream.problem]
    if beside:
        say(f"beside it 4 streams of {tokens} tokens ended {sum(stream.answers for stream in streams)} answers")
    return [1e3 * gap for stream in streams for when, gap in stream.gaps if begin <= when <= end], problems


def p99(gaps: list[float]) -> float:
    return statistics.quantiles(gaps, n=100)[98]


def judge_gaps(calm: list[float], disturbed: list[float]) -> list[str]:
    """Says the streams' gaps in ms, and what is wrong with them."""
    if min(len(calm), len(disturbed)) < 100:
        return [f"{len(calm)} gaps alone and {len(disturbed)} disturbed, expected at least 100: give more --tokens, "
                "or more --volleys"]
    factor = p99(disturbed) / p99(calm)
    say(f"gaps of 4 streams: p50 {statistics.median(calm):.1f}, p99 {p99(calm):.1f}, max {max(calm):.1f} ms alone; "
        f"p50 {statistics.median(disturbed):.1f}, p99 {p99(disturbed):.1f}, max {max(disturbed):.1f} ms disturbed: "
        f"{factor:.2f} times")
    return [f"the streams' p99 gap rose to {factor:.2f} times, expected {GAP_FACTOR}"] if factor > GAP_FACTOR else []


class Volleys:
    """The process of the hostile clients, which gives way to the server; ready when it is made."""

    def __init__(self, server: EstocServer, arguments):
        command = [sys.executable, str(Path(__file__).with_name("hostile_volley.py")), str(server.port),
                   str(arguments.count), str(arguments.seed), "5" if arguments.split else "19"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the hostile clients did not start")

    def send(self, arguments, problems: list[str]) -> None:
        for _ in range(arguments.volleys):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            result = json.loads(line) if line else {"statuses": {}, "problems": ["the hostile clients ended"]}
            say(f"volley of {arguments.count}: {result['statuses']} in {result.get('seconds', 0):.1f} s, "
                f"{result.get('cpu_seconds', 0):.1f} s of a processor to send")
            problems += result["problems"]
            if sum(result["statuses"].values()) != arguments.count:
                problems.append(f"{result['statuses']} are not {arguments.count} answers")

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def thread_seconds(server: EstocServer) -> dict[str, float]:
    """Processor time of the server's threads by kind, which their priorities tell (src/base/background.h)."""
    seconds = {"computing": 0.0, "sockets": 0.0, "long requests": 0.0}
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        is_batch, is_nice = int(fields[38]) == os.SCHED_BATCH, int(fields[16]) > os.nice(0)
        kind = "long requests" if is_batch and is_nice else "sockets" if is_batch else "computing"
        seconds[kind] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


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
    volleys = Volleys(server, arguments)
    try:
        run_streams(server, 16)
        calm, calm_problems = run_streams(server, arguments.tokens)
        idle = settled_memory(server)
        Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # VmHWM begins anew
        before = thread_seconds(server)
        disturbed, stream_problems = run_streams(server, arguments.tokens, lambda: volleys.send(arguments, problems))
        spent = {kind: seconds - before[kind] for kind, seconds in thread_seconds(server).items()}
    finally:
        volleys.end()
    peak = server.memory_bytes("VmHWM")
    problems += calm_problems + stream_problems
    say("the server meanwhile: " + ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in spent.items()))
    say(f"memory: {idle / 2**20:.0f} MiB idle, {peak / 2**20:.0f} MiB at its peak: {(peak - idle) / 2**20:+.0f} MiB")
    if peak - idle > MEMORY_MIB << 20:
        problems.append(f"memory peaked {(peak - idle) / 2**20:.0f} MiB above idle, expected at most {MEMORY_MIB}")
    if not arguments.no_gaps:
        problems += judge_gaps(calm, disturbed)
    return problems


def hostile(arguments, log: Path) -> list[str]:
    model = GOLDEN / "models" / "smollm2_like" if arguments.model == "tiny" else arguments.model
    flags = ["--kv-memory", "256M", *arguments.server_args.split()]
    first, *others = sorted(os.sched_getaffinity(0))
    if arguments.split:
        os.sched_setaffinity(0, [first])  # what is started now stays there
        flags += ["--threads", "1"]
    server = EstocServer(model, log, *flags)
    if arguments.split:
        os.sched_setaffinity(0, others)
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
    parser.add_argument("--split", action="store_true", help="server on the first CPU, all clients on the others")
    parser.add_argument("--no-gaps", action="store_true", help="do not judge the streams' gaps: the machine is busy")
    parser.add_argument("--server-args", default="", help="further flags of the server, in one string")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        problems = hostile(arguments, Path(folder) / "log")
    for problem in problems[:20]:
        say(problem)
    say("failed" if problems else "passed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
