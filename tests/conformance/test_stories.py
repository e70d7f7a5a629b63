"""stories260K through the server: greedy runs, token for token, that the reference implementation wrote down."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from conftest import start_server  # noqa: E402, F401

SOURCE = Path(os.environ.get("ESTOC_SHARED", ROOT.parent / "shared")) / "data" / "models" / "stories260K"


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    """stories260K as a Hugging Face directory, and its expected greedy runs."""
    if not SOURCE.is_dir():
        pytest.skip(f"no {SOURCE}")
    target = tmp_path_factory.mktemp("models") / "stories260K"
    subprocess.run([sys.executable, ROOT / "tools" / "stories260k.py", SOURCE, target], check=True)
    return target, json.loads((SOURCE / "golden_greedy.json").read_text())["cases"]


@pytest.mark.parametrize("number", range(6))
def test_stories(start_server, stories, number):
    directory, cases = stories
    case = cases[number]
    server = start_server(directory, "--ctx", "512", "--compute", "exact")
    count = len(case["ids"]) - len(case["prompt_ids"])
    answer = server.complete(case["prompt_ids"], max_tokens=count, ignore_eos=True)
    assert case["prompt"] + answer["choices"][0]["text"] == case["text"] or (
        not case["prompt"] and answer["choices"][0]["text"].lstrip(" ") == case["text"])
    if case["prompt"]:
        answer = server.complete(case["prompt"], max_tokens=count, ignore_eos=True)
        assert answer["usage"]["prompt_tokens"] == len(case["prompt_ids"])
        assert case["prompt"] + answer["choices"][0]["text"] == case["text"]
