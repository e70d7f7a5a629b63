"""bench/peers/servers.py: the harness itself, with our own server only. The others are not installed where tests run."""
import json
import subprocess
import sys
from pathlib import Path

from estoc_server import BINARY, GOLDEN

PEERS = Path(__file__).resolve().parents[2] / "bench" / "peers"
sys.path.insert(0, str(PEERS))
import server_report  # noqa: E402

MODEL = GOLDEN / "models" / "smollm2_like"


def run(tmp_path, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, PEERS / "servers.py", "--model", MODEL, "--binary", BINARY, "--work", tmp_path,
         "--estoc-args=--ctx 512 --pack-cache off", "--workload", "short", *arguments,
         "--", "--requests", "4", "--warmup", "1", "--output-tokens", "8"], capture_output=True, text=True, timeout=300)


def test_rounds_are_taken_together(tmp_path):
    done = run(tmp_path, "--servers", "estoc", "--rates", "40,20", "--rounds", "2", "--json", tmp_path / "out.json",
               "--html", tmp_path / "out.html", "--markdown", tmp_path / "out.md", "--plots", tmp_path / "plots")
    assert done.returncode == 0, done.stderr
    saved = json.loads((tmp_path / "out.json").read_text())
    assert [point["load"] for point in saved] == ["40 req/s", "20 req/s"] * 2, "a round after the other"
    assert len({point["start_s"] for point in saved}) == 4, "started anew for each point"
    assert done.stdout == (tmp_path / "out.md").read_text()
    lines = [line.split(" | ") for line in done.stdout.splitlines() if "| estoc |" in line]
    assert [line[0] for line in lines] == ["| 20 req/s", "| 40 req/s"]
    assert all(line[-3] == "8" for line in lines), "both rounds' answers"
    assert (tmp_path / "plots" / "ttft.svg").is_file()
    assert "</svg>" in (tmp_path / "out.html").read_text()


def test_one_start_for_all_rates(tmp_path):
    done = run(tmp_path, "--servers", "estoc", "--rates", "20,40", "--order", "server", "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    saved = json.loads((tmp_path / "out.json").read_text())
    assert len(saved) == 2 and len({point["start_s"] for point in saved}) == 1


def test_a_missing_program_is_told_before_anything_is_measured(tmp_path):
    done = run(tmp_path, "--servers", "estoc", "vllm", "--vllm", "/nonexistent/vllm")
    assert done.returncode == 1
    assert done.stderr == "servers: /nonexistent/vllm: no such program; name it with --vllm or VLLM\n"


def test_a_server_that_ends_is_left_out(tmp_path):
    done = run(tmp_path, "--servers", "estoc", "llama-server", "--llama-server", "/bin/false", "--rates", "20")
    assert done.returncode == 0, done.stderr
    assert "left out: llama-server ended at its start with code 1: it printed nothing" in done.stderr
    assert "| 20 req/s | estoc |" in done.stdout and "| llama-server |" not in done.stdout


def point(server: str, rate: float, ttft: float, gap: float, done: float, ok: int = 10) -> dict:
    return {"server": server, "load": f"{rate} req/s", "offered_rps": rate, "ok": ok, "refused": 0, "failed": 10 - ok,
            "ttft_ms_p50": ttft, "ttft_ms_p99": 2 * ttft, "tbt_ms_mean": gap, "tbt_ms_p99": 4 * gap,
            "tbt_ms_max": 5 * gap, "done_rps": done, "goodput_rps": done}


def test_ratios_are_over_the_better_of_each_number():
    points = [point("estoc", 0.4, 200, 20, 0.4), point("a", 0.4, 1000, 50, 0.2), point("b", 0.4, 500, 80, 0.1)]
    lines = server_report.ratios(points).splitlines()[2:]
    assert lines == ["| 0.4 req/s | a | 0.20 | 0.20 | 0.40 | 0.40 | 2.00 | 2.00 |",
                     "| 0.4 req/s | b | 0.40 | 0.40 | 0.25 | 0.25 | 4.00 | 4.00 |",
                     "| 0.4 req/s | the better | 0.40 | 0.40 | 0.40 | 0.40 | 2.00 | 2.00 |"]


def test_a_peer_without_answers_is_no_measure():
    points = [point("estoc", 2.4, 200, 20, 2.4), point("a", 2.4, 0, 0, 0, ok=0)]
    assert server_report.ratios(points).splitlines()[2] == "| 2.4 req/s | a | - | - | - | - | - | - |"
    assert "| 2.4 req/s | a | - | - | - | 0.00 | 0.00 | 0 | 0 | 10 |" in server_report.measured(points)
