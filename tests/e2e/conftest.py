"""Fixtures: servers that live for the whole run, started when first asked for."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from estoc_server import BINARY, GOLDEN, EstocServer, demo_file  # noqa: E402

CONTEXT = 512  # of the servers the API tests use
NO_DEMO = "the demo model is not in the cache (tools/demo_model.py gets it)"


def pytest_addoption(parser):
    parser.addoption("--pack-pages", type=int, default=10, help="pages of a pack to damage, one start each")
    parser.addoption("--schemas", type=int, default=0, help="random JSON Schemas that answers have to keep to")


def pytest_configure(config):
    config.addinivalue_line("markers", "timing: looks at the clock, so nothing else may run beside it")


def pytest_sessionstart(session):
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: make build", returncode=1)


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """start_server(model, *arguments): one server for each distinct call, stopped at the end."""
    servers = {}

    def start(model, *arguments: str) -> EstocServer:
        key = (str(model), arguments)
        if key not in servers:
            servers[key] = EstocServer(model, tmp_path_factory.mktemp("server") / "log", *arguments)
        return servers[key]

    yield start
    errors = []
    for (model, _), server in servers.items():
        try:
            server.stop()
        except AssertionError as error:
            errors.append(f"{model}: {error}")
    assert not errors, "\n".join(errors)


@pytest.fixture(scope="session", params=["tiny", "demo"])
def server(request, start_server) -> EstocServer:
    """The server the API tests talk to: a random tiny model always, the demo model when it is there.

    Deterministic, because they compare answers given alone and in company.
    """
    if request.param == "tiny":
        return start_server(GOLDEN / "models" / "llama2_like", "--ctx", str(CONTEXT), "--deterministic")
    if demo_file() is None:
        pytest.skip(NO_DEMO)
    return start_server("demo", "--ctx", str(CONTEXT), "--threads", "2", "--deterministic")


@pytest.fixture(scope="session")
def demo() -> Path:
    """The demo model's file; skips when it is not there."""
    path = demo_file()
    if path is None:
        pytest.skip(NO_DEMO)
    return path
