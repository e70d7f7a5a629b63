"""Bad requests: the right status, a sentence that helps, and a server that goes on."""
import json
import socket

import openai
import pytest

from conftest import CONTEXT


@pytest.fixture(autouse=True)
def still_answers(server):
    """Whatever a test did, the next request works."""
    yield
    assert server.complete([5, 6, 7], max_tokens=2)["choices"]


def error_of(answer, status: int) -> dict:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert isinstance(error["message"], str) and len(error["message"]) > 10
    return error


@pytest.mark.parametrize("body", [b"", b"{", b'{"model": "x", }', b"[]", b"null", b"\xff\xfe", b'{"a": 1} x', b"[" * 100_000])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_malformed_json(server, path, body):
    answer = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert error_of(answer, 400)["type"] == "invalid_request_error"


USER = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("fields, param", [
    ({}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [5]}, "messages[0]"),
    ({"messages": USER + [{"role": "user", "content": 5}]}, "messages[1].content"),
    ({"messages": [{"role": 1, "content": "Hi"}]}, "messages[0].role"),
    ({"messages": USER, "temperature": "hot"}, "temperature"),
    ({"messages": USER, "temperature": -1}, "temperature"),
    ({"messages": USER, "top_p": 1.5}, "top_p"),
    ({"messages": USER, "max_tokens": -2}, "max_tokens"),
    ({"messages": USER, "max_tokens": 1.5}, "max_tokens"),
    ({"messages": USER, "stream": "yes"}, "stream"),
    ({"messages": USER, "stop": [1]}, "stop[0]"),
    ({"messages": USER, "logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"messages": USER, "stream": True, "stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
])
def test_wrong_fields(server, fields, param):
    error = error_of(server.post("/v1/chat/completions", {"model": server.model, **fields}), 400)
    assert error["param"] == param and error["type"] == "invalid_request_error"


@pytest.mark.parametrize("prompt", [[10**9], [-1], [[1], "a"], 5, {"a": 1}])
def test_wrong_prompt(server, prompt):
    error = error_of(server.post("/v1/completions", {"model": server.model, "prompt": prompt}), 400)
    assert error["param"].startswith("prompt")


def test_prompt_too_long(server):
    count = CONTEXT + 88
    error = error_of(server.post("/v1/completions", {"model": server.model, "prompt": [5] * count}), 400)
    assert str(count) in error["message"] and str(CONTEXT) in error["message"]
    messages = [{"role": "user", "content": "word " * (2 * CONTEXT)}]
    error = error_of(server.post("/v1/chat/completions", {"model": server.model, "messages": messages}), 400)
    assert str(CONTEXT) in error["message"]


def test_unknown_model(server):
    with pytest.raises(openai.NotFoundError) as caught:
        server.client.chat.completions.create(model="no-such-model", messages=USER)
    assert caught.value.code == "model_not_found" and "no-such-model" in caught.value.message
    with pytest.raises(openai.NotFoundError):
        server.client.models.retrieve("no-such-model")


def test_wrong_method(server):
    answer = server.http.get("/v1/chat/completions")
    error_of(answer, 405)
    assert answer.headers["Allow"] == "POST"
    error_of(server.http.delete("/v1/models"), 405)


def test_unknown_route(server):
    error_of(server.http.get("/v1/nothing"), 404)
    error_of(server.post("/v2/chat/completions", {}), 404)


def read_answer(connection: socket.socket) -> tuple[int, dict]:
    """Status and JSON body of the one answer on a connection the server then closes."""
    connection.settimeout(30)
    received = b""
    while block := connection.recv(65536):
        received += block
    head, body = received.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), json.loads(body)


def test_oversized_body(server):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"Connection: close\r\nContent-Length: 1000000000\r\n\r\n{")
        status, body = read_answer(connection)
    assert status == 413 and body["error"]["message"]


@pytest.mark.parametrize("head", [b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\x01\x02\r\n\r\n"])
def test_broken_http(server, head):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head)
        status, body = read_answer(connection)
    assert 400 <= status < 600 and body["error"]["message"]
