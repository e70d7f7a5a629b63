"""Starts and stops `estoc serve` for the tests, and finds the models they use."""
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
from openai import OpenAI

ROOT = Path(__file__).resolve().parents[2]
# Taken out of the environment: the binary would tell of variables that are none of its flags.
BINARY = Path(os.environ.pop("ESTOC_BINARY", ROOT / "build" / "estoc"))
GOLDEN = ROOT / "tests" / "golden"
TINY = sorted(path.name for path in (GOLDEN / "models").iterdir() if path.is_dir())  # a GGUF file there has no tokenizer
START_SECONDS, STOP_SECONDS = 120, 30

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def demo_file() -> Path | None:
    """The demo model in the cache, by the same rule as the binary's; None when it was not downloaded."""
    if os.environ.get("ESTOC_CACHE"):
        cache = Path(os.environ["ESTOC_CACHE"])
    elif os.environ.get("XDG_CACHE_HOME"):
        cache = Path(os.environ["XDG_CACHE_HOME"]) / "estoc"
    else:
        cache = Path.home() / ".cache" / "estoc"
    path = cache / "SmolLM2-135M-Instruct.Q4_1.gguf"
    return path if path.is_file() else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class EstocServer:
    """One running server. `stop` asserts that it ends by itself, with code 0."""

    def __init__(self, model, log: Path, *arguments: str):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", str(model), "--host", "127.0.0.1", "--port", str(self.port), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.http = httpx.Client(base_url=self.url, timeout=120, trust_env=False)
        try:
            self._wait_until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.model = self.http.get("/v1/models").json()["data"][0]["id"]
        self.client = OpenAI(base_url=f"{self.url}/v1", api_key="unused", max_retries=0, timeout=120)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended at its start:\n{self.log.read_text()}"
            try:
                if self.http.get("/v1/models").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no answer within {START_SECONDS} s:\n{self.log.read_text()}")

    def post(self, path: str, body) -> httpx.Response:
        return self.http.post(path, json=body)

    def complete(self, prompt, **fields) -> dict:
        """A greedy /v1/completions answer."""
        answer = self.post("/v1/completions", {"model": self.model, "prompt": prompt, "temperature": 0, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def cpu_seconds(self) -> float:
        """Processor time all threads of the server have used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self, field: str) -> int:
        """A line of the server's status that is a size, like VmRSS."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M).group(1)) * 1024

    def resident_of_mapping(self, size: int) -> int:
        """Bytes of the server's mapping of `size` bytes, within 4 MiB, that have memory.

        The kernel makes one mapping of neighbours that are alike: up to 64 MiB more are taken for such, and for
        resident.
        """
        more = None
        for line in Path(f"/proc/{self.process.pid}/smaps").read_text().splitlines():
            if line.startswith("Size:"):
                more = int(line.split()[1]) * 1024 - size
            elif line.startswith("Rss:") and -4 << 20 < more < 64 << 20:
                return max(0, int(line.split()[1]) * 1024 - max(0, more))
        raise AssertionError(f"no mapping of {size} bytes")

    def wait_until_idle(self, within: float) -> None:
        """Asserts that the server stops computing within so many seconds."""
        deadline = time.monotonic() + within
        load = 0.0
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.4)
            load = (self.cpu_seconds() - before) / 0.4
            if load < 0.3:
                return
        raise AssertionError(f"the server still computes {within} s later ({load:.1f} processors busy)")

    def stop(self) -> None:
        self.client.close()
        self.http.close()
        assert self.process.poll() is None, f"the server died with {self.process.returncode}:\n{self.log.read_text()}"
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server still ran {STOP_SECONDS} s after SIGTERM") from None
        assert code == 0, f"the server ended with code {code}:\n{self.log.read_text()}"
