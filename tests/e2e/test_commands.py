"""The other commands of the binary."""
import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from estoc_server import BINARY, GOLDEN, TINY


TINY_MODEL = GOLDEN / "models" / TINY[0]


def estoc(*arguments, timeout: float = 120, **options) -> subprocess.CompletedProcess:
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **options)


def ask(*arguments, **options) -> subprocess.CompletedProcess:
    """A question to a tiny model."""
    return estoc("run", TINY_MODEL, "--ctx", "256", "--max-tokens", "8", "--deterministic", *arguments, **options)


def test_run_knows_paris(demo):
    run = estoc("run", "demo", "What is the capital of France?")
    assert run.returncode == 0, run.stderr
    assert "Paris" in run.stdout


@pytest.mark.parametrize("question, text", [
    ("Name a colour.", "Name a colour."), ("Name a colour.", "Name a colour.\n"),
    ("Name a colour.", "Name a colour.\r\n"), ("Read this:\n\none\ntwo", "Read this:\n\none\ntwo\n"),
    ("/exit", "/exit\n"), ("Grüße, 世界 🌊", "Grüße, 世界 🌊\n")])
def test_standard_input_is_one_question(question, text):
    asked, piped = ask(question), ask(input=text)
    assert asked.returncode == piped.returncode == 0, piped.stderr
    assert piped.stdout == asked.stdout and len(piped.stdout) > 1, "the answer and nothing else"
    assert piped.stderr == ""


def test_the_argument_wins_over_standard_input():
    assert ask("The cat", input="The dog").stdout == ask("The cat").stdout


def test_standard_input_may_hold_any_text():
    assert ask(input="a\0b" * 10).returncode == 0
    run = ask(input="word " * 100_000)
    assert run.returncode == 2 and "256" in run.stderr and len(run.stderr.splitlines()) == 1, "longer than the context"


@pytest.mark.parametrize("arguments, options, problem", [
    ([], {}, "standard input: is empty"), ([], {"input": " \n\r\n"}, "standard input: is empty"),
    ([""], {"input": "The dog"}, "PROMPT: is empty"),
    ([], {"input": "caf\udce9", "errors": "surrogateescape"}, "standard input: is not valid UTF-8"),
    ([b"caf\xe9"], {}, "PROMPT: is not valid UTF-8"),
    (["--system", b"caf\xe9", "Hi"], {}, "--system: is not valid UTF-8")])
def test_no_question_is_one_sentence(arguments, options, problem):
    run = subprocess.run([BINARY, "run", TINY_MODEL, *arguments], capture_output=True, text=True, timeout=120,
                         **(options or {"stdin": subprocess.DEVNULL}))
    assert run.returncode == 2 and run.stdout == ""
    assert problem in run.stderr and len(run.stderr.splitlines()) == 1


def test_a_full_disk_is_told():
    with open("/dev/full", "w") as full:
        run = subprocess.run([BINARY, "run", TINY_MODEL, "Hi"], stdout=full, stderr=subprocess.PIPE, text=True,
                             timeout=120)
    assert run.returncode == 2 and "cannot be written" in run.stderr


def test_a_terminal_gets_a_chat():
    """What a person sees: the greeting, a mark for each line, answers, and the end at Ctrl-D."""
    ours, theirs = pty.openpty()
    command = [BINARY, "run", TINY_MODEL, "--ctx", "256", "--max-tokens", "4"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        screen = b""

        def until(mark: bytes) -> None:
            nonlocal screen
            while mark not in screen:
                screen += os.read(ours, 4096)

        for line in (b"Hello", b"And you?"):
            until(b"> ")
            assert b"type a message" in screen or line != b"Hello"
            screen = b""
            os.write(ours, line + b"\n")
            until(b"prompt tokens")
        until(b"> ")
        os.write(ours, b"\x04")
        assert process.wait(timeout=30) == 0
    os.close(ours)


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
    run = estoc("run", model, "--system", "Be brief.", "--max-tokens", "4", "The cat")
    assert (run.returncode == 0) == has_template, "only a template has a place for it"


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


def changed_model(folder: Path, **config) -> Path:
    """A tiny model with other values in config.json."""
    model = folder / "model"
    shutil.copytree(GOLDEN / "models" / "llama2_like", model)
    path = model / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return model


@pytest.mark.parametrize("config, words", [({"residual_multiplier": 0.22}, "residual_multiplier (0.22)"),
                                           ({"hidden_size": 4096}, "head_dim is missing"),
                                           ({"rope_scaling": {"type": "linear", "factor": "4"}}, "factor is \"4\"")])
def test_config_that_cannot_be_computed(config, words, tmp_path):
    run = estoc("run", changed_model(tmp_path, **config), "hi")
    assert run.returncode == 2
    assert words in run.stderr and "config.json" in run.stderr and len(run.stderr.strip().splitlines()) == 1


def test_config_with_an_unknown_key(tmp_path):
    run = estoc("run", changed_model(tmp_path, wingspan=3), "hi", "--max-tokens", "1")
    assert run.returncode == 0
    assert run.stderr.count("wingspan") == 1, "one warning"


def test_port_in_use(start_server):
    model = GOLDEN / "models" / TINY[0]
    server = start_server(model, "--ctx", "512")
    run = estoc("serve", model, "--port", server.port)
    assert run.returncode > 0 and str(server.port) in run.stderr


@pytest.mark.parametrize("name", TINY)
def test_trace_tells_each_place(name):
    model = GOLDEN / "models" / name
    run = estoc("trace", model, "--tokens", "1,5,9,33", "--compute", "exact", "-o", "json", "--batch-tokens", "3")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    config = json.loads((model / "config.json").read_text())
    config = config.get("text_config", config)
    layers = next((config[key] for key in ("num_hidden_layers", "n_layer") if key in config), None)
    if layers is None:
        layers = len(config["layers_block_type"])
    assert told["tokens"] == [1, 5, 9, 33]
    assert [place["place"] for place in told["places"]] == [
        "embedding", *(f"layer {layer}" for layer in range(layers)), "logits"]
    assert all(place["norm"] > 0 and len(place["bits"]) == 16 for place in told["places"])
    again = estoc("trace", model, "--tokens", "1,5,9,33", "--compute", "exact", "-o", "json", "--batch-tokens", "3")
    assert again.stdout == run.stdout
    refused = estoc("trace", model, "--tokens", "1,500")
    assert refused.returncode != 0 and "--tokens: '500' is not a token of the model" in refused.stderr


def test_show_forms_and_profile():
    model = GOLDEN / "models" / "llama2_like"
    run = estoc("show", model, "--forms")
    assert run.returncode == 0 and "model.layers.*.mlp.up_proj" in run.stdout and "dense: rows" in run.stdout, run.stdout
    run = estoc("bench", "model", model, "-p", "8", "-n", "4", "-r", "1", "--profile", "-o", "json")
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    for test in ("pp8", "tg4"):
        ops = [row for row in rows if row["test"] == test and row["layers"] == "all"]
        assert {"matmul mlp.gate_proj", "attention", "rms_norm"} <= {row["op"] for row in ops}, ops
        assert abs(sum(row["percent"] for row in ops) - 100) < 1e-6
