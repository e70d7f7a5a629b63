"""estoc bench serve against estoc serve: what it measures, what it refuses, how it stops. Speeds are nobody's test."""
import csv
import io
import json
import signal
import subprocess

import pytest

from estoc_server import BINARY, free_port

COUNTS = ("sent", "ok", "refused", "failed")


def command(server, *arguments) -> list:
    return [BINARY, "bench", "serve", "--url", f"here={server.url}", "--pause", "0", "--warmup", "0", *map(str, arguments)]


def bench(server, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(command(server, *arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120)


@pytest.fixture(scope="module")
def demo_server(demo, start_server):
    return start_server("demo", "--ctx", "2048", "--threads", "2")


def test_open_loop_counts_every_token(demo_server, tmp_path):
    file, page = tmp_path / "all.json", tmp_path / "page.html"
    run = bench(demo_server, "--rate", "4", "--arrivals", "constant", "--requests", "5", "--output-tokens", "12",
                "--api-key", "secret", "--slo-ttft", "60000", "-o", "json", "--json", file, "--html",
                page)
    assert run.returncode == 0, run.stderr
    [row] = json.loads(run.stdout)
    assert [row[key] for key in COUNTS] == [5, 5, 0, 0]
    assert row["output_tokens"] == 60 and row["prompt_tokens"] > 50
    assert row["goodput_rps"] == row["done_rps"] > 0
    assert 0 < row["ttft_ms_p50"] <= row["ttft_ms_p99"] <= row["ttft_ms_max"] < row["e2e_ms_max"]
    assert "secret" not in file.read_text() and "secret" not in page.read_text()
    saved = json.loads(file.read_text())
    assert saved["command"][saved["command"].index("--api-key") + 1] == "***" and saved["summary"] == [row]
    [point] = saved["points"]
    assert sorted(request["scheduled_s"] for request in point["requests"]) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    for request in point["requests"]:
        assert request["status"] == 200 and request["error"] is None and request["output_tokens"] == 12
        assert request["scheduled_s"] <= request["sent_s"] < request["first_s"] <= request["end_s"]
        assert 5 <= len(request["gaps_s"]) <= 11, "a chunk each, but for characters that span tokens"


def test_closed_loop_of_completions(demo_server):
    run = bench(demo_server, "--users", "1,3", "--requests", "6", "--output-tokens", "6", "--endpoint", "completions",
                "-o", "csv")
    assert run.returncode == 0, run.stderr
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert [(row["load"], row["ok"], row["output_tokens"]) for row in rows] == [("1 user", "6", "36"),
                                                                                ("3 users", "6", "36")]


def test_conversations_of_several_turns(demo_server, tmp_path):
    file = tmp_path / "all.json"
    run = bench(demo_server, "--users", "2", "--requests", "2", "--workload", "multi-turn", "--turns", "3",
                "--output-tokens", "4", "--json", file)
    assert run.returncode == 0, run.stderr
    requests = json.loads(file.read_text())["points"][0]["requests"]
    assert sorted(request["turn"] for request in requests) == [0, 0, 1, 1, 2, 2]
    lengths = {turn: min(r["prompt_tokens"] for r in requests if r["turn"] == turn) for turn in range(3)}
    assert lengths[0] < lengths[1] < lengths[2], "the prompt grows by the answers"


def test_interrupt_reports_what_was_measured(demo_server):
    with subprocess.Popen(command(demo_server, "--rate", "5", "--duration", "600", "--output-tokens", "4", "-o", "json"),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        line = run.stderr.readline()  # the first comes after five seconds
        assert "here, 5 req/s: " in line and ", done " in line and ", TTFT p50 " in line
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=20)
    assert run.returncode == 0
    [row] = json.loads(out)
    assert row["ok"] >= 5 and row["failed"] == 0 and 4 < row["duration_s"] < 60


def test_every_request_failing_is_an_error(demo_server):
    run = bench(demo_server, "--rate", "50", "--requests", "3", "--model", "no such model", "--extra",
                '{"temperature": "hot"}')
    assert run.returncode == 1
    assert "estoc bench: here, 50 req/s: 3 x status 4" in run.stderr


@pytest.mark.parametrize("arguments, sentence", [
    ((), "expected --rate or --users"),
    (("--rate", "1,x"), "--rate: '1,x' is not a list"),
    (("--users", "1.5"), "--users: '1.5' is not a list of whole numbers"),
    (("--users", "2", "--requests", "4", "--pattern", "ramp"), "need --duration"),
    (("--rate", "1", "--workload", "poems"), "poems"),
    (("--rate", "1", "--extra", "[]"), "--extra: expected a JSON object"),
    (("--rate", "1", "--url", "https://example"), "--url: 'https://example' is no server"),
    (("--rate", "1", "-o", "yaml"), "expected table, json, csv or md"),
])
def test_refuses(arguments, sentence):
    run = subprocess.run([BINARY, "bench", "serve", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=30)
    assert run.returncode == 2
    assert sentence in run.stderr and run.stdout == ""


def test_no_server():
    run = subprocess.run([BINARY, "bench", "serve", "--url", f"http://127.0.0.1:{free_port()}", "--rate", "1"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert run.returncode == 2 and "cannot connect to 127.0.0.1" in run.stderr
