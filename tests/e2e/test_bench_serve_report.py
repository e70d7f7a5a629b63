"""The page and the JSON that estoc bench serve writes, read by somebody else's parsers."""
import json
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from estoc_server import BINARY, GOLDEN

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("plain", "<b>&\"odd\"'")


@pytest.fixture(scope="module")
def command(start_server, tmp_path_factory):
    server = start_server(GOLDEN / "models" / "llama2_like")
    folder = tmp_path_factory.mktemp("report")
    return [str(part) for part in (
        BINARY, "bench", "serve", *(f"--url={name}={server.url}" for name in NAMES), "--rate", "4,8", "--requests", "4",
        "--warmup", "0", "--pause", "0", "--workload", "synthetic", "--input-tokens", "8", "--output-tokens", "4",
        "--slo-ttft", "5000", "--html", folder / "report.html", "--json", folder / "report.json",
        "--api-key=hidden", "-o", "json")]


@pytest.fixture(scope="module")
def rows(command):
    """What is printed; the files are written then, too."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def files(command, rows):
    return Path(command[command.index("--json") + 1]).parent


def test_page_is_whole(files):
    text = (files / "report.html").read_text(encoding="utf-8")
    page = ElementTree.fromstring(text)
    plots = page.findall(f".//{SVG}svg")
    assert len(plots) == 6
    for plot in plots:
        assert plot.get("aria-label") and plot.get("viewBox") == "0 0 640 420"
        assert {name for name in NAMES if any(node.text == name for node in plot.iter(f"{SVG}text"))} == set(NAMES)
    assert [row.text for row in page.findall(".//tbody/tr/th")] == list(NAMES)
    assert len(page.findall(".//tbody/tr")) == 4
    assert not page.findall(".//script") and "nan" not in text


def test_json_has_command_rows_and_every_request(command, rows, files):
    text = (files / "report.json").read_text(encoding="utf-8")
    saved = json.loads(text, parse_constant=pytest.fail)
    assert list(saved) == ["command", "summary", "points", "checksum"]
    assert saved["command"] == [word.replace("hidden", "***") for word in command]
    assert saved["summary"] == rows and len(rows) == 4
    assert {point["server"] for point in saved["points"]} == set(NAMES)
    assert [len(point["requests"]) for point in saved["points"]] == [4] * 4


def test_what_was_saved_is_told_again(rows, files, tmp_path):
    def told(path):
        run = subprocess.run([BINARY, "bench", "report", path, "--slo-ttft", "5000", "-o", "json"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    again = told(files / "report.json")
    assert [(row["server"], row["load"], row["ok"]) for row in again] == [(row["server"], row["load"], row["ok"])
                                                                         for row in rows]
    points = tmp_path / "points.json"  # as the first versions wrote it
    points.write_text(json.dumps(json.loads((files / "report.json").read_text())["points"]))
    assert told(points) == again
