"""A client that goes away frees what it used: the server stops computing for it."""
import json
import socket
import time

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
