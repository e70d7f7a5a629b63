"""The other commands of the binary."""
import subprocess

import pytest

from estoc_server import BINARY, GOLDEN, TINY


def estoc(*arguments, timeout: float = 120) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)


def test_run_knows_paris(demo):
    run = estoc("run", "demo", "What is the capital of France?")
    assert run.returncode == 0, run.stderr
    assert "Paris" in run.stdout


@pytest.mark.parametrize("name", TINY)
def test_show(name):
    run = estoc("show", GOLDEN / "models" / name)
    assert run.returncode == 0, run.stderr
    assert "128" in run.stdout, "the vocabulary's size"


def test_show_demo(demo):
    run = estoc("show", "demo")
    assert run.returncode == 0, run.stderr
    assert "Q4_1" in run.stdout or "q4_1" in run.stdout


@pytest.mark.parametrize("command", ["serve", "run", "show"])
def test_missing_model(command, tmp_path):
    run = estoc(command, tmp_path / "nothing.gguf")
    assert run.returncode > 0, "an error ends with a code, not by a signal"
    assert "nothing.gguf" in run.stderr and len(run.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, b"not a model"])
def test_broken_model(content, tmp_path):
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    run = estoc("show", file)
    assert run.returncode > 0
    assert "broken.gguf" in run.stderr and len(run.stderr.strip().splitlines()) == 1


def test_port_in_use(start_server):
    model = GOLDEN / "models" / TINY[0]
    server = start_server(model, "--ctx", "512")
    run = estoc("serve", model, "--port", server.port)
    assert run.returncode > 0 and str(server.port) in run.stderr
