"""The page and the JSON that estoc bench serve writes, read by somebody else's parsers."""
import json
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from estoc_server import BINARY, GOLDEN

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("plain", "<b>&\"odd\"'")


@pytest.fixture(scope="module")
def files(start_server, tmp_path_factory):
    server = start_server(GOLDEN / "models" / "llama2_like")
    folder = tmp_path_factory.mktemp("report")
    run = subprocess.run(
        [BINARY, "bench", "serve", *(f"--url={name}={server.url}" for name in NAMES), "--rate", "4,8", "--requests", "4",
         "--warmup", "0", "--pause", "0", "--workload", "synthetic", "--input-tokens", "8", "--output-tokens", "4",
         "--slo-ttft", "5000", "--html", folder / "report.html", "--json", folder / "report.json"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return folder


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


def test_json_has_every_request(files):
    text = (files / "report.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=pytest.fail)
    for name in NAMES:
        assert json.dumps(name) in text
