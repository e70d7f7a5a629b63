"""bench/peers: the harness itself, with our own engine only. The other engines are not installed where tests run."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from estoc_server import BINARY, GOLDEN

PEERS = Path(__file__).resolve().parents[2] / "bench" / "peers"
sys.path.insert(0, str(PEERS))
import report  # noqa: E402


def test_harness(tmp_path):
    model = GOLDEN / "models" / "llama2_like"
    run = subprocess.run(
        [sys.executable, PEERS, "--models", model, "--engines", "estoc", "-p", "16", "-n", "2", "-d", "0,20", "-b", "1,2",
         "-r", "2", "--rounds", "2", "--binary", BINARY, "--json", tmp_path / "out.json", "--markdown",
         tmp_path / "out.md"], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    result = json.loads((tmp_path / "out.json").read_text())["models"][0]
    assert result["tests"] == ["pp16", "tg2", "tg2 x2", "pp16 @ d20", "tg2 @ d20", "tg2 x2 @ d20"]
    for test in result["tests"]:
        assert result["medians"]["estoc"][test]["median"] > 0
        assert len(result["samples"]["estoc"][""][test]) == 4, "rounds times repetitions"
    assert (tmp_path / "out.md").read_text() == run.stdout and "| tg2 x2 @ d20 |" in run.stdout


def test_missing_peer_is_named():
    run = subprocess.run(
        [sys.executable, PEERS, "--models", GOLDEN / "models" / "llama2_like", "--engines", "estoc", "llama.cpp", "-p", "8",
         "-n", "0", "-r", "1", "--rounds", "1", "--binary", BINARY, "--llama-python", "/nonexistent/python"],
        capture_output=True, text=True, timeout=300)
    assert run.returncode == 0 and "llama.cpp fa on: left out" in run.stderr
    assert "| pp8 |" in run.stdout


def test_the_better_variant_counts():
    samples = {"estoc": {"": {"pp8": [10.0, 30.0, 20.0]}},
               "peer": {"slow": {"pp8": [4.0], "tg8": []}, "fast": {"pp8": [5.0, 7.0]}}}
    best = report.medians(samples)
    assert best["estoc"]["pp8"]["median"] == 20.0
    assert best["peer"] == {"pp8": {"median": 6.0, "variant": "fast", "min": 5.0, "max": 7.0, "samples": 2}}
    over = report.ratios(best)
    assert over == {"peer": {"pp8": pytest.approx(20 / 6)}}
    lines = report.table(["pp8", "tg8"], best, over).splitlines()
    assert lines[2] == "| pp8 | 20.0 | 6.0 (fast) | 3.33 |" and lines[3] == "| tg8 | - | - | - |"
