"""A thousand connections at once: each is served, or refused honestly, in bounded memory, and the server is fine afterwards."""
import asyncio
import resource
import sys
import time
from pathlib import Path

import pytest

from estoc_server import GOLDEN, EstocServer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from raw_http import Connection  # noqa: E402

pytestmark = pytest.mark.timing  # how soon all are answered
COUNT = 1000
MODEL = GOLDEN / "models" / "smollm2_like"
GROWTH_MIB_MAX = 64  # 64 KiB a connection
ANSWER_SECONDS = 240


@pytest.fixture(autouse=True)
def enough_files():
    """Both sides of the connections; servers inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = COUNT + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine allows {hard} open files, {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_mib(server: EstocServer) -> float:
    return server.memory_bytes("VmRSS") / (1 << 20)


def body_of(number: int, model: str) -> dict:
    """Different prompts; every other one as a stream."""
    fields = {"stream": True, "stream_options": {"include_usage": True}} if number % 2 else {}
    return {"model": model, "prompt": f"Number {number % 20}", "max_tokens": 24, "ignore_eos": True, "temperature": 0,
            **fields}


async def open_all(port: int) -> list[Connection]:
    """All of them open before any asks; some at a time, since the system's queue of new connections is short."""
    connections = []
    for begin in range(0, COUNT, 100):
        connections += await asyncio.gather(*(Connection.open(port) for _ in range(begin, min(begin + 100, COUNT))))
    return connections


async def ask_all(server: EstocServer) -> list:
    connections = await open_all(server.port)
    try:
        return await asyncio.wait_for(
            asyncio.gather(*(connection.call("/v1/completions", body_of(number, server.model))
                             for number, connection in enumerate(connections))), ANSWER_SECONDS)
    finally:
        for connection in connections:
            connection.close()


def check_served(number: int, answer, texts: dict[int, str]) -> None:
    if number % 2:
        events = answer.events()
        text = "".join(choice["text"] for event in events for choice in event["choices"])
        usage = events[-1]["usage"]
    else:
        data = answer.json()
        text, usage = data["choices"][0]["text"], data["usage"]
    assert (text, usage["completion_tokens"]) == (texts[number % 20], 24), number


def storm(server: EstocServer) -> int:
    """A thousand requests at once; how many were served. Everything about them is checked."""
    texts = {number: server.complete(f"Number {number}", max_tokens=24, ignore_eos=True)["choices"][0]["text"]
             for number in range(20)}
    before = resident_mib(server)
    answers = asyncio.run(ask_all(server))
    served = 0
    for number, answer in enumerate(answers):
        if answer.status == 200:
            check_served(number, answer, texts)
            served += 1
        else:
            assert answer.status in (429, 503), (answer.status, answer.body)
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["error"]["message"]
    assert resident_mib(server) - before < GROWTH_MIB_MAX
    server.wait_until_idle(within=5)
    begin = time.monotonic()
    assert server.complete("Number 3", max_tokens=24, ignore_eos=True)["choices"][0]["text"] == texts[3]
    assert time.monotonic() - begin < 5
    return served


def test_all_are_served(tmp_path):
    server = EstocServer(MODEL, tmp_path / "log", "--ctx", "512", "--threads", "2", "--deterministic")
    try:
        assert storm(server) == COUNT
        first = resident_mib(server)
        assert storm(server) == COUNT
        assert resident_mib(server) - first < GROWTH_MIB_MAX / 4, "what the first thousand used is used again"
    finally:
        server.stop()


def test_with_a_short_queue_the_rest_is_refused(tmp_path):
    server = EstocServer(MODEL, tmp_path / "log", "--ctx", "512", "--threads", "2", "--deterministic", "--queue", "32",
                         "--max-seqs", "16")
    try:
        assert 32 <= storm(server) < COUNT
    finally:
        server.stop()
