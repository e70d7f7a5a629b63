"""Who is at the other end: certificates that are refused, whom to trust, and proxies."""
import socket
import ssl
import subprocess
import threading

import pytest

from fake_hub import FakeHub, Repository
from test_hub import Home, model_files


def openssl(folder, *arguments) -> None:
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A folder with ca.pem, and a function that makes a certificate for a name."""
    folder = tmp_path_factory.mktemp("ca")
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=an authority of a test")

    def context(name: str, days: int = 2) -> ssl.SSLContext:
        stem = f"{name}_{days}"
        if not (folder / f"{stem}.pem").exists():
            openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    f"{stem}.key", "-out", f"{stem}.csr", "-subj", f"/CN={name}")
            kind = "IP" if name[0].isdigit() else "DNS"
            (folder / "extension").write_text(f"subjectAltName={kind}:{name}")
            openssl(folder, "x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                    "-days", days, "-extfile", "extension", "-out", f"{stem}.pem")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(folder / f"{stem}.pem", folder / f"{stem}.key")
        return made

    return folder / "ca.pem", context


@pytest.fixture
def start(authority, tmp_path):
    """start(name in the certificate, days it is valid): a hub over TLS, and a home that asks it."""
    hubs = []

    def start(name: str, days: int = 2, **options) -> tuple[FakeHub, Home]:
        hub = FakeHub(authority[1](name, days), **options)
        hubs.append(hub)
        # Contents come over TLS too: a hub does not lead from https to http.
        hub.content_url = hub.url
        hub.repos["org/tiny"] = Repository(model_files(), lfs=())
        return hub, Home(tmp_path, hub)

    yield start
    for hub in hubs:
        hub.close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_trusted_hub(variable, start, authority, tmp_path):
    hub, home = start("localhost", advertised="localhost")
    value = authority[0]
    if variable == "SSL_CERT_DIR":
        value = tmp_path / "certificates"
        value.mkdir()
        (value / "ca.pem").write_text(authority[0].read_text())
        openssl(value, "rehash", ".")
    path = home.pull("org/tiny", HF_TOKEN=hub.token, **{variable: str(value)})
    assert {file.name for file in path.iterdir()} == set(model_files())
    assert all(request.headers["Authorization"] == f"Bearer {hub.token}" for request in hub.requests)


@pytest.mark.parametrize("name, days, trusts, words", [
    ("localhost", 2, False, "issuer that this machine does not trust"), ("localhost", -1, True, "has expired"),
    ("elsewhere.example", 2, True, "is for another name")])
def test_a_hub_that_is_not_who_it_says(name, days, trusts, words, start, authority):
    hub, home = start(name, days, advertised="localhost")
    problem = home.refused("pull", "org/tiny", HF_TOKEN=hub.token, **({"SSL_CERT_FILE": str(authority[0])} if trusts else {}))
    assert words in problem and hub.url in problem and "certificate" in problem
    assert not hub.requests, "nothing was asked, least of all with a token"


def test_an_authority_s_file_that_is_none(start, tmp_path):
    _, home = start("localhost", advertised="localhost")
    assert home.refused("pull", "org/tiny", SSL_CERT_FILE=str(tmp_path / "nothing.pem"))


def test_https_does_not_become_http(start, authority):
    hub, home = start("localhost", advertised="localhost")
    hub.repos["org/tiny"] = Repository(model_files())
    hub.content_url = f"http://localhost:{hub.content.server_port}"
    assert "from https to http" in home.refused("pull", "org/tiny", SSL_CERT_FILE=str(authority[0]))
    assert not hub.asked(server="content")


class Proxy:
    """A proxy that knows CONNECT; every name leads to one port of this machine."""

    def __init__(self, port: int):
        self.port = port
        self.asked: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.tunnel, args=(client,), daemon=True).start()

    def tunnel(self, client: socket.socket):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.asked.append(head.decode())
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server = socket.create_connection(("127.0.0.1", self.port))

        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)


def test_a_proxy(start, authority):
    hub, home = start("hub.example")
    proxy = Proxy(hub.hub.server_port)
    hub.url = f"https://hub.example:{hub.hub.server_port}"
    variables = {"HF_ENDPOINT": hub.url, "HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(authority[0]), "HF_TOKEN": hub.token}
    path = home.pull("org/tiny", **variables)
    assert {file.name for file in path.iterdir()} == set(model_files())
    assert proxy.asked and all(head.startswith("CONNECT hub.example:") for head in proxy.asked)
    assert not any(hub.token in head for head in proxy.asked), "the proxy does not see the token"
    proxy.asked.clear()
    assert "hub.example" in home.refused("pull", "org/tiny", NO_PROXY="hub.example", **variables)
    assert not proxy.asked
