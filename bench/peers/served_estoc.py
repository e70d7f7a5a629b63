#!/usr/bin/env python3
"""Measures estoc from outside: a server, one streamed request, the times at which tokens arrive.

What a client sees, server included. One sequence and no depth only.
"""
import http.client
import json
import signal
import socket
import subprocess
import time

from measure import RandomTokens, Test, Unmeasured, run


class ServedEstoc:
    def __init__(self, arguments):
        self.version = subprocess.run([arguments.binary, "--version"], capture_output=True, text=True).stdout.strip()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [arguments.binary, "serve", arguments.model, "--host", "127.0.0.1", "--port", str(self.port), "--threads",
             str(arguments.t), *arguments.estoc_args.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.tokens = RandomTokens()
        for _ in range(1200):
            if self.process.poll() is not None:
                raise SystemExit("estoc ended at its start")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/v1/models")
                self.name = json.load(connection.getresponse())["data"][0]["id"]
                return
            except (OSError, KeyError, ValueError):
                time.sleep(0.1)
        raise SystemExit("estoc did not answer within two minutes")

    def times(self, prompt: list[int], count: int) -> list[float]:
        """Seconds from the request to each of `count` tokens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.connect()
        # logprobs: every token comes with its record, so that a token without text of its own is seen, too.
        body = json.dumps({"model": self.name, "prompt": prompt, "max_tokens": count, "temperature": 0,
                           "ignore_eos": True, "stream": True, "logprobs": 0})
        start = time.perf_counter()
        connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise Unmeasured(f"estoc answered {answer.status}: {answer.read().decode()}")
        found: list[float] = []
        while line := answer.readline():
            if line.startswith(b"data: {"):
                now = time.perf_counter() - start
                for choice in json.loads(line[6:])["choices"]:
                    found += [now] * len((choice.get("logprobs") or {}).get("tokens", []))
        if len(found) != count:
            raise Unmeasured(f"estoc sent {len(found)} tokens, expected {count}")
        return found

    def seconds(self, test: Test) -> float:
        if test.n_depth or test.batch > 1:
            raise Unmeasured("the served measurement has one sequence and no depth")
        if test.n_prompt:
            return self.times(self.tokens(test.n_prompt), 1)[0]
        times = self.times(self.tokens(1), test.n_gen + 1)
        return times[-1] - times[0]

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def add_flags(parser) -> None:
    parser.add_argument("--binary", required=True)
    parser.add_argument("--estoc-args", default="")


if __name__ == "__main__":
    run(ServedEstoc, add_flags)
