#!/usr/bin/env python3
"""Do the I/O threads of `estoc serve` disturb those that compute?

  bench/io_threads.py demo [--streams 32] [--seconds 8] [--rounds 4] [-- flags of serve]

Starts a server, keeps so many streams decoding and switches its I/O threads between the scheduling classes batch (as the
server sets them) and other, round by round, while everything else stays as it is. For each round it prints, from
/proc and /metrics:

  interrupted/step  times the system took the CPU from a compute thread, in a step
  wake-ups/step     times the I/O threads woke up, in a step
  step p50, p99     time of a step, ms, from the server's histogram (so to its buckets)
  gap p50, p99      time between two reads of one stream at the client, ms
  spread p50, p99   between the first and the last stream that get a step's tokens, ms: how long delivering one step takes

The client is one thread that only reads; it is in the batch class in both cases. Nothing else should run.
"""
import argparse
import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

BINARY = Path(__file__).resolve().parents[1] / "build" / "estoc"
CLASSES = {"other": os.SCHED_OTHER, "batch": os.SCHED_BATCH}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def metrics(port: int) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()


def step_counts(port: int) -> tuple[list[float], list[int]]:
    """Bounds and cumulative counts of the step-time histogram."""
    pairs = re.findall(r'^estoc_step_seconds_bucket\{.*le="([^"]+)"\} (\d+)', metrics(port), re.M)
    return [float(bound) for bound, _ in pairs], [int(count) for _, count in pairs]


def quantile_of(bounds, counts, share: float) -> float:
    below = 0
    for index, count in enumerate(counts):
        if count >= share * counts[-1]:
            low = bounds[index - 1] if index else 0.0
            high = bounds[index] if bounds[index] != float("inf") else low
            return low + (high - low) * (share * counts[-1] - below) / max(1, count - below)
        below = count
    return 0.0


def quantile(values, share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def switches(pid: int, tid: int) -> tuple[int, int]:
    """Voluntary and involuntary context switches of a thread."""
    text = Path(f"/proc/{pid}/task/{tid}/status").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])
                 for name in ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"))


class Streams:
    """So many endless answers, each begun again when it ends."""

    def __init__(self, port: int, model: str, count: int, tokens: int):
        self.port, self.model, self.tokens = port, model, tokens
        self.selector = selectors.DefaultSelector()
        for index in range(count):
            self.open(index)

    def open(self, index: int):
        body = json.dumps({"model": self.model, "prompt": f"Story number {index}:", "max_tokens": self.tokens,
                           "ignore_eos": True, "stream": True}).encode()
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                           + str(len(body)).encode() + b"\r\n\r\n" + body)
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, index)

    def read(self, seconds: float) -> dict[int, list[float]]:
        """Arrival times by stream."""
        times, end = {}, time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            for key, _ in self.selector.select(end - now):
                data = key.fileobj.recv(1 << 16)
                if data:
                    times.setdefault(key.data, []).append(time.monotonic())
                else:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()
                    self.open(key.data)
        return times


def spreads(times: dict[int, list[float]], step_s: float) -> list[float]:
    """Arrivals of all streams, cut where nothing came for a third of a step."""
    moments, result = sorted(moment for stream in times.values() for moment in stream), []
    begin = previous = moments[0] if moments else 0.0
    for moment in moments[1:]:
        if moment - previous > step_s / 3:
            result.append(previous - begin)
            begin = moment
        previous = moment
    return result


def measure(pid: int, port: int, io_threads: list[int], streams: Streams, seconds: float, name: str) -> dict:
    for tid in io_threads:
        os.sched_setscheduler(tid, CLASSES[name], os.sched_param(0))
    streams.read(1)
    others = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir() if int(task.name) not in io_threads]
    bounds, before = step_counts(port)
    compute_before = sum(switches(pid, tid)[1] for tid in others)
    io_before = sum(switches(pid, tid)[0] for tid in io_threads)
    times = streams.read(seconds)
    io_after = sum(switches(pid, tid)[0] for tid in io_threads)
    compute_after = sum(switches(pid, tid)[1] for tid in others)
    counts = [after - start for start, after in zip(before, step_counts(port)[1])]
    steps = max(1, counts[-1])
    gaps = [b - a for stream in times.values() for a, b in zip(stream, stream[1:])]
    step = quantile_of(bounds, counts, 0.5)
    spread = spreads(times, step)
    return {"steps/s": steps / seconds, "interrupted/step": (compute_after - compute_before) / steps,
            "wake-ups/step": (io_after - io_before) / steps,
            "step p50": 1e3 * step, "step p99": 1e3 * quantile_of(bounds, counts, 0.99),
            "gap p50": 1e3 * quantile(gaps, 0.5), "gap p99": 1e3 * quantile(gaps, 0.99),
            "spread p50": 1e3 * quantile(spread, 0.5), "spread p99": 1e3 * quantile(spread, 0.99)}


def run(options, process, port: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            model = json.load(opener.open(f"http://127.0.0.1:{port}/v1/models"))["data"][0]["id"]
            break
        except OSError:
            if process.poll() is not None:
                sys.exit("the server ended at its start")
            time.sleep(0.1)
    pid = process.pid
    io_threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()
                  if os.sched_getscheduler(int(task.name)) == os.SCHED_BATCH]
    if not io_threads:
        sys.exit("the server has no thread of the batch class")
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    streams = Streams(port, model, options.streams, options.tokens)
    streams.read(3)
    rows = {name: [] for name in CLASSES}
    print(f"{options.model}, {options.streams} streams, {len(io_threads)} I/O threads, {options.seconds} s a round")
    for number in range(2 * options.rounds):
        name = list(CLASSES)[number % 2]
        row = measure(pid, port, io_threads, streams, options.seconds, name)
        if not rows["other"]:
            print("class  " + "  ".join(row))
        rows[name].append(row)
        print(f"{name:5}  " + "  ".join(f"{value:{len(key)}.2f}" for key, value in row.items()), flush=True)
    for name, all_rows in rows.items():
        medians = {key: statistics.median(row[key] for row in all_rows) for key in all_rows[0]}
        print(f"{name:5}  " + "  ".join(f"{value:{len(key)}.2f}" for key, value in medians.items()) + "  (medians)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    options, flags = parser.parse_known_args()  # what is not ours is for serve
    port = free_port()
    process = subprocess.Popen([BINARY, "serve", options.model, "--port", str(port), "--log-level", "warn",
                                *(flag for flag in flags if flag != "--")])
    try:
        run(options, process, port)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    main()
