"""estoc bench: what it writes and what it refuses. Its speeds are nobody's test."""
import csv
import io
import json
import subprocess

import pytest

from estoc_server import BINARY, GOLDEN

MODEL = GOLDEN / "models" / "qwen3_tied_like"
MODEL_KEYS = {"model": str, "threads": int, "batch": int, "n_prompt": int, "n_gen": int, "n_depth": int, "isa": str,
              "kv_type": str, "compute": str, "activations": str, "test": str, "tok_s_mean": (int, float),
              "tok_s_stddev": (int, float), "tok_s_median": (int, float), "tok_s": list, "gmac_s": (int, float),
              "weight_gb_s": (int, float), "int8_roof_percent": (int, float)}


def bench(*arguments, timeout: float = 300) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, "bench", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout)


def test_model_json():
    run = bench("model", MODEL, "-p", "40", "-n", "3", "-d", "0,33", "-b", "1,4", "-t", "1,2", "-r", "2", "-o", "json")
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    tests = [(row["threads"], row["n_depth"], row["n_prompt"], row["n_gen"], row["batch"]) for row in rows]
    assert tests == [(threads, depth, *rest) for threads in (1, 2) for depth in (0, 33)
                     for rest in ((40, 0, 1), (0, 3, 1), (0, 3, 4))]
    for row in rows:
        for key, kind in MODEL_KEYS.items():
            assert isinstance(row[key], kind), key
        assert row["model"] == "qwen3_tied_like"
        assert len(row["tok_s"]) == 2 and min(row["tok_s"]) > 0
        assert row["tok_s_mean"] == pytest.approx(sum(row["tok_s"]) / 2)
        assert row["gmac_s"] > 0 and row["weight_gb_s"] > 0 and row["tok_s_stddev"] >= 0
    assert "3 of" not in run.stdout and "tg3 x4 @ d33" in run.stderr, "progress goes to standard error"


def test_model_tables():
    arguments = ("model", MODEL, "-p", "8", "-n", "0", "-t", "1", "-r", "1", "-o")
    rows = list(csv.DictReader(io.StringIO(bench(*arguments, "csv").stdout)))
    assert len(rows) == 1 and rows[0]["test"] == "pp8" and float(rows[0]["tok_s_mean"]) > 0
    lines = bench(*arguments, "md").stdout.splitlines()
    assert len(lines) == 3 and all(line.startswith("|") and line.endswith("|") for line in lines)
    assert "pp8" in bench(*arguments, "table").stdout


def test_an_encoder():
    model = GOLDEN / "encoders" / "minilm_like"
    run = bench("model", model, "-p", "9,64", "-b", "1,20", "-t", "1,2", "-r", "2", "--weights", "bf16", "-o", "json")
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    assert [(row["threads"], row["tokens"], row["batch"]) for row in rows] == [
        (threads, tokens, batch) for threads in (1, 2) for tokens in (9, 64) for batch in (1, 20)]
    for row in rows:
        assert row["model"] == "minilm_like" and row["weights"] == "bf16"
        assert row["ms_median"] * row["tok_s_median"] == pytest.approx(1e3 * row["tokens"] * row["batch"])
        assert row["texts_s_median"] > 0 and row["gmac_s"] > 0
    run = bench("model", model, "-p", "65", "-t", "1")
    assert run.returncode == 2 and "the model takes 64 tokens a text" in run.stderr
    profile = json.loads(bench("model", model, "-p", "9", "-t", "1", "-r", "1", "--profile", "-o", "json").stdout)
    assert {"attention", "(outside) pool"} <= {row["op"] for row in profile}


@pytest.mark.parametrize("arguments, sentence", [
    (("-b", "1,x"), "-b: '1,x'"),
    (("-p", "0", "-n", "0"), "nothing to measure"),
    (("-d", "4096"), "positions"),
    (("-o", "yaml"), "expected table, json, csv or md"),
    (("-n", "400", "-d", "100", "-b", "4096", "--batch-tokens", "1", "-p", "0", "--isa", "warp"), "--isa: 'warp'"),
])
def test_model_refuses(arguments, sentence):
    run = bench("model", MODEL, *arguments)
    assert run.returncode == 2
    assert sentence in run.stderr and run.stdout == ""


def test_kernels_json():
    run = bench("kernels", "--filter", "rms_norm 1024", "-o", "json")
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    assert rows and all(row["kernel"] == "rms_norm" and row["us"] > 0 and row["gb_s"] > 0 for row in rows)
    assert len({row["isa"] for row in rows}) == len(rows)


def test_kernels_of_nothing():
    run = bench("kernels", "--filter", "no such kernel")
    assert run.returncode == 2 and "no such kernel" in run.stderr


def test_kernels_of_a_device():
    run = bench("kernels", "--device", "emulator", "--filter", "codes4_min", "-o", "json")
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    assert [row["what"] for row in rows if row["kernel"] == "roof"] == [
        "reading", "copying (read + written)", "bf16 products"]
    kernels = [row for row in rows if row["kernel"] != "roof"]
    assert {row["kernel"] for row in kernels} >= {"linear_codes4_min_store", "gemm_codes4_min_gated"}
    for row in kernels:
        assert "codes4_min" in row["kernel"] and row["result"] == "right", row
        assert row["us"] > 0 and row["gb_s"] > 0 and row["roof_percent"] > 0 and row["roof"] in ("read", "products")


@pytest.mark.parametrize("arguments, sentence", [
    (("--device", "emulator", "--isa", "scalar"), "--isa is of the CPU's kernels"),
    (("--device", "warp"), "--device: 'warp' is not known"),
    (("--device", "emulator", "--filter", "no such kernel"), "no such kernel"),
])
def test_kernels_of_a_device_refuses(arguments, sentence):
    run = bench("kernels", *arguments)
    assert run.returncode == 2 and sentence in run.stderr and run.stdout == ""
