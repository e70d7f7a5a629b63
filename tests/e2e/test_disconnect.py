"""A client that goes away frees what it used: the server stops computing for it."""
import json
import socket
import time

import pytest

from test_serving import samples

pytestmark = pytest.mark.timing  # how soon the server is idle
LONG = {"prompt": "Once upon a time", "max_tokens": 480, "ignore_eos": True, "temperature": 0}


def send(server, **fields) -> socket.socket:
    body = json.dumps({"model": server.model, **LONG, **fields}).encode()
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def check_free(server):
    server.wait_until_idle(within=2)
    start = time.monotonic()
    assert server.complete([5, 6, 7], max_tokens=2)["usage"]["completion_tokens"] == 2
    assert time.monotonic() - start < 2


def test_while_streaming(server):
    server.wait_until_idle(within=20)  # a start still has memory ready ahead of its use
    connections = [send(server, stream=True) for _ in range(12)]
    for connection in connections:
        connection.settimeout(30)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.close()
    check_free(server)


def test_while_waiting(server):
    connections = [send(server) for _ in range(12)]
    time.sleep(0.3)
    for connection in connections:
        connection.close()
    check_free(server)


def test_client_library(server):
    stream = server.client.completions.create(
        model=server.model, prompt=LONG["prompt"], max_tokens=LONG["max_tokens"], stream=True,
        extra_body={"ignore_eos": True})
    next(iter(stream))
    stream.close()
    check_free(server)


def test_half_sent_request(server):
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"prompt\"")
    connection.close()
    check_free(server)


def wait_until_free(server, within=2.0):
    """Asserts that no request is left and no block is held."""
    deadline = time.monotonic() + within
    gauges = ("estoc_requests_running", "estoc_requests_waiting", "estoc_kv_blocks_used", "estoc_http_generating")
    while True:
        values = samples(server)
        left = {name: values[name] for name in gauges if values[name] > 0}
        if not left:
            return
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def wait_for(server, gauge):
    deadline = time.monotonic() + 30
    while samples(server)[gauge] == 0:
        assert time.monotonic() < deadline, f"{gauge} stays 0"
        time.sleep(0.005)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fields, gauge", [
    ({"n": 4}, "estoc_requests_running"),
    ({"prompt": ["Once", "upon", "a time"]}, "estoc_requests_running"),
    ({"n": 12}, "estoc_requests_waiting"),
    ({"prompt": "tell me a story " * 1900, "max_tokens": 1}, "estoc_requests_running"),
], ids=["n", "prompts", "queued", "prefill"])
def test_frees_everything(demo, start_server, stream, fields, gauge):
    server = start_server("demo", "--max-seqs", "8", "--queue-seconds", "1000")
    before = samples(server)
    fields = {**fields, "cache_salt": f"{stream} {gauge}"}  # nothing of it is in the cache
    connections = [send(server, stream=stream, **fields) for _ in range(2)]
    wait_for(server, gauge)
    for connection in connections:
        connection.close()
    left = "estoc_http_responses_total{499}"
    deadline = time.monotonic() + 5  # the last one's prompt may still have been read
    while (after := samples(server)).get(left, 0) - before.get(left, 0) < 2:
        assert time.monotonic() < deadline, {name: after[name] for name in after if "responses" in name}
        time.sleep(0.01)
    wait_until_free(server)
    cancelled = "estoc_requests_cancelled_total"
    assert samples(server)[cancelled] > before[cancelled]
