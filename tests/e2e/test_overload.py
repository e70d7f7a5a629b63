"""More than the server can take: honest refusals, and an end that loses nothing."""
import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from estoc_server import GOLDEN, EstocServer
from test_serving import samples

pytestmark = pytest.mark.timing  # how long is waited
TINY = GOLDEN / "models" / "llama2_like"
# Long enough for a test to look at it, on the small demo model.
LONG = {"prompt": "Once upon a time", "max_tokens": 1000, "ignore_eos": True, "temperature": 0}


@pytest.fixture
def own_server(demo, tmp_path):
    """A server of the demo model that the test may stop as it likes."""
    started = []

    def start(*arguments: str) -> EstocServer:
        started.append(EstocServer("demo", tmp_path / "log", "--ctx", "2048", *arguments))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


class Stream(threading.Thread):
    """Reads a stream to its end; `text` grows, `error` is what broke it."""

    def __init__(self, server, **fields):
        super().__init__(daemon=True)
        self.url, self.body = f"{server.url}/v1/completions", {**LONG, **fields, "model": server.model, "stream": True}
        self.text, self.error, self.begun = "", None, threading.Event()
        self.start()
        assert self.begun.wait(60)

    def run(self):
        try:
            with httpx.stream("POST", self.url, json=self.body, timeout=120, trust_env=False) as answer:
                for piece in answer.iter_text():
                    self.text += piece
                    self.begun.set()
        except httpx.HTTPError as error:
            self.error = error
        self.begun.set()


def wait_until_not_ready(server):
    deadline = time.monotonic() + 10
    while server.http.get("/readyz").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_too_many_are_refused_and_told_when_to_come_back(start_server):
    server = start_server(TINY, "--max-seqs", "1", "--queue", "2")
    body = {**LONG, "model": server.model, "max_tokens": 200}
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{server.url}/v1/completions", json=body, timeout=60,
                                                     trust_env=False), range(24)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429} and len(refused) < 24
    for answer in refused:
        assert answer.json()["error"]["code"] == "queue_full" and answer.json()["error"]["type"] == "rate_limit_error"
        assert int(answer.headers["Retry-After"]) >= 1
    values = samples(server)
    assert values["estoc_requests_refused_total"] == values["estoc_http_responses_total{429}"] == len(refused)


def test_all_prompts_of_a_request_or_none(start_server):
    server = start_server(TINY, "--max-seqs", "1", "--queue", "2")
    answer = server.post("/v1/completions", {**LONG, "model": server.model, "n": 100, "max_tokens": 50})
    assert answer.status_code == 429
    deadline = time.monotonic() + 5
    while (values := samples(server))["estoc_requests_running"] + values["estoc_requests_waiting"] > 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_request_that_waits_too_long_may_come_again(own_server):
    server = own_server("--max-seqs", "1", "--queue-timeout", "0.2")
    running = Stream(server)
    answer = server.post("/v1/completions", {"model": server.model, "prompt": "Hi", "max_tokens": 1})
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"]["code"] == "queue_timeout" and int(answer.headers["Retry-After"]) >= 1
    assert running.is_alive() and running.error is None


def test_a_deadline_in_a_stream_is_its_last_event(own_server):
    stream = Stream(own_server(), timeout=0.5)
    stream.join(30)
    events = stream.text.strip().split("\n\n")
    assert events[-1] == "data: [DONE]" and '"text"' in events[0]
    assert json.loads(events[-2].removeprefix("data: "))["error"]["code"] == "timeout"


def test_draining_finishes_streams_and_refuses_new_ones(own_server):
    server = own_server()
    assert server.http.get("/readyz").status_code == server.http.get("/livez").status_code == 200
    streams = [Stream(server), Stream(server, prompt="There was")]
    server.process.send_signal(signal.SIGTERM)
    wait_until_not_ready(server)
    assert server.http.get("/health").status_code == 503
    assert server.http.get("/livez").status_code == 200
    with httpx.Client(base_url=server.url, trust_env=False) as fresh:  # a connection made after the signal
        refused = fresh.post("/v1/completions", json={"model": server.model, "prompt": "Hi"})
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["error"]["code"] == "stopping"
    assert all(stream.is_alive() for stream in streams), "the streams ended before the test had looked"
    assert server.process.wait(60) == 0
    for stream in streams:
        stream.join(5)
        assert stream.error is None and stream.text.endswith("data: [DONE]\n\n")
        assert '"finish_reason":"length"' in stream.text


def test_the_grace_has_an_end(own_server):
    server = own_server("--grace", "1")
    stream = Stream(server, max_tokens=1900, n=4)
    start = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert 0.9 < time.monotonic() - start < 10
    stream.join(5)
    assert "[DONE]" not in stream.text


def test_the_second_signal_ends_it_at_once(own_server):
    server = own_server("--grace", "60")
    stream = Stream(server, max_tokens=1900, n=4)
    server.process.send_signal(signal.SIGTERM)
    wait_until_not_ready(server)
    assert stream.is_alive()
    start = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 128 + signal.SIGTERM
    assert time.monotonic() - start < 2
