"""Which hosts and which web pages a server answers."""
import json
import socket

import httpx
import pytest

from estoc_server import GOLDEN

TINY = GOLDEN / "models" / "llama2_like"
EVIL = {"Origin": "http://evil.example"}


@pytest.fixture(scope="module")
def plain(start_server):
    return start_server(TINY)


@pytest.fixture(scope="module")
def opened(start_server):
    return start_server(TINY, "--allow-host", "llm.example.org,*.apps.example", "--allow-origin", "https://app.example")


def models(server, **headers) -> httpx.Response:
    return server.http.get("/v1/models", headers={name.replace("_", "-"): value for name, value in headers.items()})


def cors(answer: httpx.Response) -> dict:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1", "[::1]:9", "192.0.2.7:8000", "estoc", "box.local",
                                  socket.gethostname()])
def test_hosts_that_are_ours(plain, host):
    assert models(plain, Host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "llm.example.org"])
def test_other_hosts_are_refused(plain, host):
    for answer in (models(plain, Host=host), plain.http.get("/metrics", headers={"Host": host}),
                   plain.http.post("/v1/completions", json={"prompt": "a"}, headers={"Host": host}),
                   plain.http.options("/v1/completions", headers={"Host": host} | EVIL)):
        assert answer.status_code == 403 and "--allow-host" in answer.json()["error"]["message"], answer.text


def test_no_page_is_told_anything_unless_allowed(plain):
    answer = models(plain, **EVIL)
    assert answer.status_code == 200 and not cors(answer)
    preflight = plain.http.options("/v1/chat/completions", headers=EVIL | {"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204 and not cors(preflight)


def test_no_page_makes_the_server_work_unasked(plain):
    body = json.dumps({"prompt": "a", "max_tokens": 1})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = plain.http.post("/v1/completions", content=body, headers=EVIL | {"Content-Type": kind})
        assert answer.status_code == 403 and "--allow-origin" in answer.json()["error"]["message"], kind
    # Programs name no origin, or send what a page would have to ask for.
    assert plain.http.post("/v1/completions", content=body, headers={"Content-Type": "text/plain"}).status_code == 200
    assert plain.http.post("/v1/completions", json=json.loads(body), headers=EVIL).status_code == 200


def test_what_is_allowed_by_name(opened):
    for host in ("llm.example.org:443", "one.apps.example"):
        assert models(opened, Host=host).status_code == 200
    assert models(opened, Host="apps.example").status_code == 403
    answer = models(opened, Origin="https://app.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example" and answer.headers["Vary"] == "Origin"
    other = models(opened, **EVIL)
    assert other.status_code == 200 and not cors(other) and other.headers["Vary"] == "Origin"
    preflight = opened.http.options("/v1/completions", headers={"Origin": "https://app.example"})
    assert preflight.status_code == 204 and "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    body = {"prompt": "a", "max_tokens": 2, "stream": True}
    stream = opened.http.post("/v1/completions", json=body, headers={"Origin": "https://app.example"})
    assert stream.headers["Access-Control-Allow-Origin"] == "https://app.example"


def test_every_page_and_host(start_server):
    server = start_server(TINY, "--allow-host", "*", "--allow-origin", "*")
    answer = models(server, Host="evil.example", **EVIL)
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "*"
