"""The process among others: its standard streams, signals while it loads, files that shrink under it."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from estoc_server import BINARY, GOLDEN, START_SECONDS, TINY, free_port
from sparse_model import write_sparse_model

MODEL = GOLDEN / "models" / TINY[0]
SMALL = ["--ctx", "256", "--threads", "1"]
# Ending takes 0.2 s at most on a machine of one's own; here others may compute.
AT_ONCE = 1.0


def in_shell(redirection: str, *arguments, **options) -> subprocess.Popen:
    """estoc started by a shell that closes or redirects files first: '2>&-'."""
    return subprocess.Popen(["sh", "-c", f'exec "$0" "$@" {redirection}', str(BINARY), *map(str, arguments)], **options)


def started_server(model, redirection: str, *arguments, **options) -> tuple[subprocess.Popen, str]:
    port = free_port()
    process = in_shell(redirection, "serve", model, "--port", port, *arguments, **options)
    return process, f"http://127.0.0.1:{port}"


def complete(url: str, within: float = START_SECONDS) -> None:
    """Waits for the server and asks it something."""
    deadline = time.monotonic() + within
    while True:
        try:
            body = {"prompt": "a", "max_tokens": 4}
            answer = httpx.post(f"{url}/v1/completions", json=body, timeout=60, trust_env=False)
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline, "no server"
            time.sleep(0.02)
    assert answer.status_code == 200, answer.text


def stop(process: subprocess.Popen) -> None:
    assert process.poll() is None, f"ended with {process.returncode}"
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_server_goes_on_with_closed_streams(redirection):
    process, url = started_server(MODEL, redirection, *SMALL, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
    try:
        complete(url)
        for number in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
        stop(process)
    finally:
        process.kill()


@pytest.mark.parametrize("when", ["before the start", "while loading", "when ready", "while answering"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_server_goes_on_without_readers(stream, when):
    reader, writer = os.pipe()
    process, url = None, ""

    def leave(moment: str) -> None:
        if when == moment:
            os.close(reader)

    try:
        leave("before the start")
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: writer}
        process, url = started_server(MODEL, "", "--log-level", "debug", *SMALL, stdin=subprocess.DEVNULL, **streams)
        os.close(writer)
        leave("while loading")
        complete(url)
        leave("when ready")
        with httpx.stream("POST", f"{url}/v1/completions", timeout=60, trust_env=False,
                          json={"prompt": "a", "max_tokens": 200, "stream": True, "ignore_eos": True}) as answer:
            lines = answer.iter_lines()
            next(lines)
            leave("while answering")
            assert "data: [DONE]" in list(lines)
        time.sleep(5.5 if when == "while answering" and stream == "stderr" else 0)  # the line of load is due
        complete(url)
        stop(process)
    finally:
        if process:
            process.kill()


def ask(*arguments) -> list:
    return ["run", MODEL, "a", "--max-tokens", 8, *SMALL, *arguments]


COMMANDS = {
    "run": ask(), "show": ["show", MODEL], "help": ["--help"], "serve help": ["serve", "--help"],
    "version": ["--version"], "perplexity": ["perplexity", MODEL, __file__, *SMALL[2:], "--ctx", 64, "--chunks", 1],
    "bench model": ["bench", "model", MODEL, "-p", 8, "-n", 2, "-r", 1, "-t", 1]}


@pytest.mark.parametrize("command", COMMANDS)
def test_results_that_nobody_reads_end_the_command_as_usual(command):
    """Quietly and with the code of a broken pipe, as the left side of `| head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([BINARY, *map(str, COMMANDS[command])], stdin=subprocess.DEVNULL, stdout=writer,
                         stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(writer)
    assert run.returncode == -signal.SIGPIPE
    assert "estoc: " not in run.stderr and "rror" not in run.stderr


def test_an_answer_that_nobody_reads_ends_soon(tmp_path):
    """At its next word, not at its end."""
    model = write_sparse_model(tmp_path / "slow.gguf", 1)
    process = subprocess.Popen([BINARY, "run", model, "a", "--threads", "1", "--pack-cache", "off"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(1)
    process.stdout.close()
    assert process.wait(60) == -signal.SIGPIPE
    assert process.stderr.read() == b""


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
@pytest.mark.parametrize("command", ["run", "show", "version", "bench model"])
def test_results_that_cannot_be_written_are_an_error(command, redirection):
    process = in_shell(redirection, *COMMANDS[command], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert errors.splitlines()[-1].startswith("estoc: standard output cannot be written: ")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&-"])
def test_commands_need_no_other_stream(command, redirection):
    process = in_shell(redirection, *COMMANDS[command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and output.strip()


def test_commands_need_no_reader_of_their_notes():
    reader, writer = os.pipe()
    os.close(reader)
    for command in ("run", "bench model"):
        run = subprocess.run([BINARY, *map(str, COMMANDS[command])], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=writer, timeout=120)
        assert run.returncode == 0 and run.stdout.strip(), command
    os.close(writer)


@pytest.fixture(scope="module")
def large_model(tmp_path_factory) -> Path:
    """1 GB of weights: seconds of packing and writing."""
    folder = tmp_path_factory.mktemp("large")
    yield write_sparse_model(folder / "large.gguf", 14)
    shutil.rmtree(folder)


def starting(command: str, model: Path, packs: Path) -> subprocess.Popen:
    """A command that loads the model, with its log in a pipe; Ctrl-C reaches it also where a shell's `&` ignores it."""
    arguments = {"serve": ["serve", model, "--port", 0], "run": ["run", model, "a", "--log-level", "info"]}[command]
    return subprocess.Popen([BINARY, *map(str, arguments), "--kv-memory", "64M", "--pack-cache", packs],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


@pytest.mark.timing
@pytest.mark.parametrize("delay", [0.02, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_signal_while_loading_ends_at_once(large_model, tmp_path, command, name, delay):
    process = starting(command, large_model, tmp_path / "packs")
    time.sleep(delay)
    assert process.poll() is None
    sent = time.monotonic()
    process.send_signal(signal.Signals[name])
    code = process.wait(60)
    took = time.monotonic() - sent
    log = process.stderr.read()
    assert "serving on" not in log, "the model was too small for this delay"
    assert code in (-signal.Signals[name], 128 + signal.Signals[name]), log
    assert took < AT_ONCE
    assert not list((tmp_path / "packs").glob("*.pack"))


@pytest.mark.timing
def test_a_stop_while_packs_are_written_does_not_wait_for_them(large_model, tmp_path):
    packs = tmp_path / "packs"
    process = starting("serve", large_model, packs)
    while "serving on" not in process.stderr.readline():
        assert process.poll() is None
    assert not list(packs.glob("*.pack")), "they are written already"
    sent = time.monotonic()
    process.terminate()
    assert process.wait(60) == 0, "it was ready: a clean stop"
    assert time.monotonic() - sent < AT_ONCE
    assert not packs.exists() or not list(packs.iterdir()), "nothing half written is left"


@pytest.mark.timing
def test_a_second_signal_ends_at_once(tmp_path):
    model = write_sparse_model(tmp_path / "slow.gguf", 2)
    process, url = started_server(model, "", "--threads", "1", "--pack-cache", "off", stderr=subprocess.DEVNULL)
    complete(url)
    body = {"prompt": "a", "max_tokens": 1900, "stream": True, "ignore_eos": True}
    with httpx.stream("POST", f"{url}/v1/completions", json=body, timeout=60, trust_env=False) as answer:
        lines = answer.iter_lines()  # held: without it the client is gone
        next(lines)
        process.terminate()
        time.sleep(0.2)
        assert process.poll() is None, "the answer is being finished"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 128 + signal.SIGINT
        assert time.monotonic() - sent < AT_ONCE


def truncate(path: Path) -> None:
    os.truncate(path, 4096)


def test_a_model_cut_short_in_use_is_named(tmp_path):
    """Float weights are used where they lie in the file."""
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    process, url = started_server(model, "", *SMALL, stderr=subprocess.PIPE, text=True)
    complete(url)
    weights = next(model.glob("*.safetensors"))
    truncate(weights)
    with pytest.raises(httpx.TransportError):
        for _ in range(20):
            httpx.post(f"{url}/v1/completions", json={"prompt": "a", "max_tokens": 50}, timeout=60, trust_env=False)
    assert process.wait(60) == 3
    last = process.stderr.read().splitlines()[-1]
    assert last.startswith(f"estoc: {weights}: byte ") and "cut short" in last


def test_a_pack_cut_short_in_use_is_named(tmp_path):
    model = write_sparse_model(tmp_path / "model.gguf", 1)
    packs = tmp_path / "packs"
    arguments = [*SMALL, "--pack-cache", packs]
    subprocess.run([BINARY, "run", model, "a", "--max-tokens", "1", *map(str, arguments)], stdin=subprocess.DEVNULL,
                   check=True, timeout=120, stdout=subprocess.DEVNULL)
    [pack] = packs.glob("*.pack")
    process, url = started_server(model, "", *arguments, stderr=subprocess.PIPE, text=True)
    complete(url)
    truncate(pack)
    with pytest.raises(httpx.TransportError):
        httpx.post(f"{url}/v1/completions", json={"prompt": "a", "max_tokens": 50}, timeout=60, trust_env=False)
    assert process.wait(60) == 3
    assert f"estoc: {pack}: byte " in process.stderr.read()
