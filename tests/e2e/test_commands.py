"""The other commands of the binary."""
import json
import shutil
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


@pytest.mark.parametrize("has_template", [True, False])
def test_run_and_the_server_build_the_same_prompt(has_template, start_server, tmp_path):
    """Also where the tokenizer would put EOS behind a text, and for a base model, which goes on with the text."""
    model = tmp_path / "model"
    shutil.copytree(GOLDEN / "models" / "llama2_like", model)
    config = json.loads((model / "tokenizer_config.json").read_text())
    config["add_eos_token"] = True
    if not has_template:
        del config["chat_template"]
    (model / "tokenizer_config.json").write_text(json.dumps(config))
    server = start_server(model, "--ctx", "128", "--deterministic")
    fields = {"temperature": 0, "max_tokens": 24}
    if has_template:
        answer = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "The cat"}], **fields})
        text = answer.json()["choices"][0]["message"]["content"]
    else:
        answer = server.complete("The cat", max_tokens=24)
        text = answer["choices"][0]["text"]
    run = estoc("run", model, "--ctx", "128", "--deterministic", "--max-tokens", "24", "The cat")
    assert run.returncode == 0, run.stderr
    assert run.stdout == text + "\n"


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
