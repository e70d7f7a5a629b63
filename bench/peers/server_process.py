"""The servers that bench/peers/servers.py compares: how each is found, started, seen to be ready, and stopped."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
STOP_SECONDS = 30


class Missing(Exception):
    """A program or file is not there; the text says which and how to name it."""


@dataclass
class Server:
    """A command that serves on `port`, and what its first answer took."""
    name: str
    command: list[str]
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, log: Path, timeout: float) -> float:
        """Returns the seconds until GET /health answers 200. Raises RuntimeError when that does not happen."""
        self.log = log
        begin = time.monotonic()
        with log.open("wb") as output:
            self.process = subprocess.Popen(self.command, env=os.environ | self.environment, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        while time.monotonic() < begin + timeout:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended at its start with code {self.process.returncode}: {self.tail()}")
            if self._is_ready():
                return time.monotonic() - begin
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{self.name} was not ready after {timeout:.0f} s: {self.tail()}")

    def _is_ready(self) -> bool:
        # No proxy: the environment may name one, and it does not know this machine's ports.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/health", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it printed nothing"

    def stop(self) -> None:
        """Ends the server and whatever it started: the next one gets the whole machine."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its session is its own
        except ProcessLookupError:
            pass
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(flag: str, given: str | None, variable: str, usual: str) -> str:
    """The program a flag or an environment variable names, or the one in PATH."""
    name = given or os.environ.get(variable) or usual
    path = shutil.which(name)
    if not path:
        raise Missing(f"{name}: no such program; name it with {flag} or {variable}")
    return path


def estoc(arguments) -> Server:
    port = free_port()
    if not arguments.binary.is_file():
        raise Missing(f"{arguments.binary} is not built")
    return Server("estoc", [str(arguments.binary), "serve", str(arguments.model), "--host", "127.0.0.1", "--port",
                            str(port), "--threads", str(arguments.t), *arguments.estoc_args.split()], port)


def llama_server(arguments) -> Server:
    """Each slot has its own share of the context; unused shares cost memory only."""
    port, path = free_port(), program("--llama-server", arguments.llama_server, "LLAMA_SERVER", "llama-server")
    return Server("llama-server", [path, "-m", str(arguments.model), "-t", str(arguments.t), "--parallel",
                                   str(arguments.slots), "-c", str(arguments.slots * arguments.context), "--host",
                                   "127.0.0.1", "--port", str(port), *arguments.llama_args.split()], port)


def hugging_face_folder(arguments) -> Path:
    """The model for vLLM; made from the GGUF when there is none yet."""
    if arguments.vllm_model:
        if not (arguments.vllm_model / "config.json").is_file():
            raise Missing(f"{arguments.vllm_model}: no config.json there; --vllm-model names a Hugging Face folder")
        return arguments.vllm_model
    folder = arguments.work / f"{arguments.model.stem}-w8a8"
    if not (folder / "model.safetensors").is_file():
        subprocess.run([sys.executable, str(HERE / "hf_model.py"), str(arguments.model), str(folder)], check=True)
    return folder


def vllm(arguments) -> Server:
    port, path = free_port(), program("--vllm", arguments.vllm, "VLLM", "vllm")
    environment = {"VLLM_CPU_KVCACHE_SPACE": "4", "OMP_NUM_THREADS": str(arguments.t), "HF_HUB_OFFLINE": "1",
                   "VLLM_CPU_OMP_THREADS_BIND": f"0-{arguments.t - 1}", "VLLM_NO_USAGE_STATS": "1"}
    openmp = Path(path).parent.parent / "lib" / "libiomp5.so"  # vLLM's own advice: Intel's OpenMP before all others
    if openmp.is_file():
        environment["LD_PRELOAD"] = str(openmp)
    environment |= dict(pair.split("=", 1) for pair in arguments.vllm_env)
    return Server("vllm", [path, "serve", str(hugging_face_folder(arguments)), "--host", "127.0.0.1", "--port",
                           str(port), "--max-model-len", str(max(arguments.context, 2048)), "--max-num-seqs",
                           str(arguments.vllm_sequences), *arguments.vllm_args.split()], port, environment)


KINDS = {"estoc": estoc, "llama-server": llama_server, "vllm": vllm}
