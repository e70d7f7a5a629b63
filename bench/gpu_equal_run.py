#!/usr/bin/env python3
"""Many mixed requests to a server on a GPU and to one in the CPU's exact mode: the same greedy answers, up to ties.

  bench/gpu_equal_run.py ESTOC MODEL [--requests 1000] [--device cuda] [--tie 0.1]

Prompts are pieces of this project's documents, many of which begin alike, from one word to a thousand; 48 requests are
under way at once (--streams), some of them cancelled. The device chooses its tokens itself; the CPU says what else was likely. Where
answers part, the token of the device must be one that the CPU holds nearly as likely as its own: within --tie of log-
probability. Exits 1 when one is not, and asks for it once more, alone. Standard library only.
"""
import argparse
import concurrent.futures
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CANDIDATES = 20


class Server:
    def __init__(self, estoc: str, model: str, log: str, *flags: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [estoc, "serve", model, "--port", str(self.port), "--ctx", "2048", "--max-seqs", "64", *flags],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 120
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"gpu_equal: no server, see {log}: {Path(log).read_text()[-300:]}")
            time.sleep(0.02)

    def is_ready(self) -> bool:
        try:
            return self.send("GET", "/readyz").status == 200
        except OSError:
            return False

    def send(self, method: str, path: str, body=None, timeout: float = 120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request(method, path, json.dumps(body) if body else None)
        return connection.getresponse()

    def complete(self, **fields) -> dict:
        response = self.send("POST", "/v1/completions", {"temperature": 0, **fields})
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {text[:200]!r}")
        return json.loads(text)["choices"][0]

    def cancel(self, **fields) -> None:
        """Begins a stream, reads a little and goes away."""
        response = self.send("POST", "/v1/completions", {"temperature": 0, "stream": True, **fields})
        response.read(100)
        response.close()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def requests(count: int):
    chooser = random.Random(7)
    words = " ".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))).split()
    starts = [chooser.randrange(len(words) - 2000) for _ in range(40)]
    for _ in range(count):
        length = int(2 ** chooser.uniform(0, 9.5))
        start = chooser.choice(starts) if chooser.random() < 0.5 else chooser.randrange(len(words) - 2000)
        yield {"prompt": " ".join(words[start:start + length]), "max_tokens": chooser.choice([1, 4, 16, 48]),
               "ignore_eos": True}, chooser.random() < 0.05


def part(expected: dict, found: str) -> tuple[int, float] | None:
    """Where an answer leaves the CPU's and how much less likely its token is; None when it does not.

    Only text comes from the device. Where it leaves the CPU's inside of a token, an earlier token may have been another
    one that is longer: of all places where a likely token leads on, the one that costs least is taken.
    """
    logprobs, at, gaps = expected["logprobs"], 0, []
    if expected["text"] == found:
        return None
    starts = []
    for token in logprobs["tokens"]:
        starts.append(at)
        if not found.startswith(token, at):
            break
        at += len(token)
    else:
        return len(starts), 0.0  # the CPU's text is where the device's begins: parts of characters
    for i, start in enumerate(starts):
        for other, value in logprobs["top_logprobs"][i].items():
            if start + len(other) > at and found.startswith(other, start):
                gaps.append((logprobs["token_logprobs"][i] - value, i))
    gap, i = min(gaps, default=(float("inf"), len(starts) - 1))
    return i, gap


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("estoc")
    parser.add_argument("model")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--streams", type=int, default=48)
    parser.add_argument("--tie", type=float, default=0.1, help="of log-probability")
    parser.add_argument("--out", default=os.environ.get("OUT", "/tmp"))
    arguments = parser.parse_args()
    wanted = list(requests(arguments.requests))

    device = Server(arguments.estoc, arguments.model, f"{arguments.out}/equal-device.log", "--device", arguments.device)
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(arguments.streams) as pool:
        for fields, is_cancelled in wanted:
            if is_cancelled:
                pool.submit(device.cancel, **fields)
        found = list(pool.map(lambda each: device.complete(**each[0])["text"], wanted))
    device_seconds = time.monotonic() - begin

    cpu = Server(arguments.estoc, arguments.model, f"{arguments.out}/equal-cpu.log", "--device", "cpu", "--compute", "exact")
    with concurrent.futures.ThreadPoolExecutor(arguments.streams) as pool:
        expected = list(pool.map(lambda each: cpu.complete(**each[0], logprobs=CANDIDATES), wanted))
    cpu.stop()

    parts = [(request, *at) for request, at in enumerate(map(part, expected, found)) if at]
    wrong = [each for each in parts if each[2] > arguments.tie]
    tokens = sum(len(answer["logprobs"]["tokens"]) for answer in expected)
    print(f"= {len(wanted)} requests, {tokens} tokens in {device_seconds:.1f} s on the device: {len(wanted) - len(parts)} answers "
          f"are the CPU's, {len(parts) - len(wrong)} part at a tie within {arguments.tie} (largest "
          f"{max((each[2] for each in parts), default=0):.3f}), {len(wrong)} are wrong")
    for request, token, gap in wrong[:10]:
        alone = device.complete(**wanted[request][0])["text"]
        place = part(expected[request], alone)
        print(f"! request {request} parts at token {token} of {wanted[request][0]['max_tokens']}, {gap:.3f} less likely: "
              f"{found[request][:60]!r} instead of {expected[request]['text'][:60]!r}; alone "
              + ("it is the CPU's" if place is None else f"it parts at token {place[0]}, {place[1]:.3f} less likely"))
    device.stop()
    return 1 if wrong or len(expected) != len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
