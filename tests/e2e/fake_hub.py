"""A hub on this machine: Hugging Face's, ModelScope's and Ollama's protocols, and a second host that contents come from.

Everything that was asked is in `requests`; `faults` says what goes wrong: a list of faults by a part of the path, of which
each request that has the part takes the first.
"""
import hashlib
import json
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Fault:
    status: int = 0              # instead of the content
    headers: dict = field(default_factory=dict)
    truncate: int | None = None  # bytes after which the connection is closed
    stall: float = 0             # seconds of silence after `truncate` bytes
    rate: float = 0              # bytes a second
    corrupt: bool = False        # one byte is another
    no_ranges: bool = False      # a range is answered with all of it
    redirect: str = ""           # Location
    forever: bool = False        # not only once


@dataclass
class Request:
    server: str
    method: str
    path: str
    headers: dict
    sent: int = 0


class Repository:
    """Files by revision; large ones (`lfs`) live on the second host."""

    def __init__(self, files: dict[str, bytes], lfs=(".safetensors", ".gguf", ".bin", ".onnx"), **flags):
        self.lfs = lfs
        self.flags = flags  # gated, private
        self.refs: dict[str, str] = {}
        self.commits: dict[str, dict[str, bytes]] = {}
        self.commit(files)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        commit = hashlib.sha1(repr(sorted((k, sha256(v)) for k, v in files.items())).encode() + branch.encode()).hexdigest()
        self.commits[commit] = dict(files)
        self.refs[branch] = commit
        return commit

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)

    def is_lfs(self, path: str) -> bool:
        return path.endswith(self.lfs)

    def etag(self, commit: str, path: str) -> str:
        content = self.commits[commit][path]
        return sha256(content) if self.is_lfs(path) else git_blob(content)


class FakeHub:
    def __init__(self, context=None, host: str = "127.0.0.1", advertised: str | None = None):
        self.repos: dict[str, Repository] = {}
        self.modelscope: dict[str, dict[str, bytes]] = {}
        self.ollama: dict[str, dict[str, bytes]] = {}  # "library/x:tag" to layers by media type
        self.plain: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.listing_extra: list[dict] = []  # entries of a hostile listing
        self.requests: list[Request] = []
        self.token = "hf_secretsecretsecret"
        self.page_size = 3
        self.lock = threading.Lock()
        self.hub = self._serve("hub", context)
        self.content = self._serve("content", None)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://{advertised or host}:{self.hub.server_port}"
        # Another name for the same address: another origin in any case.
        self.content_url = f"http://localhost:{self.content.server_port}"

    def _serve(self, name: str, context) -> ThreadingHTTPServer:
        handler = type("Handler", (Handler,), {"hub_state": self, "server_name_": name})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def close(self) -> None:
        for server in (self.hub, self.content):
            server.shutdown()
            server.server_close()

    def take_fault(self, path: str) -> Fault:
        with self.lock:
            for part, faults in self.faults.items():
                if part in path and faults:
                    return faults[0] if faults[0].forever else faults.pop(0)
        return Fault()

    def asked(self, part: str = "", server: str = "", method: str = "") -> list[Request]:
        with self.lock:
            return [r for r in self.requests
                    if part in r.path and server in r.server and method in r.method]

    def forget(self) -> None:
        with self.lock:
            self.requests.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub_state: FakeHub
    server_name_: str

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.handle_any()

    def do_GET(self):
        self.handle_any()

    def handle_any(self):
        hub = self.hub_state
        self.request_record = Request(self.server_name_, self.command, self.path, dict(self.headers))
        with hub.lock:
            hub.requests.append(self.request_record)
        self.fault = hub.take_fault(self.path)
        if self.fault.redirect:
            return self.answer(302, b"", {"Location": self.fault.redirect})
        if self.fault.status:
            return self.answer(self.fault.status, b"no", self.fault.headers)
        url = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(url.query)
        parts = [urllib.parse.unquote(part) for part in url.path.strip("/").split("/")]
        route = {"api": self.api, "v2": self.registry, "files": self.plain_file, "blob": self.blob}.get(parts[0])
        (route or self.resolve)(parts)

    # Hugging Face

    def repository(self, repo: str) -> Repository | None:
        found = self.hub_state.repos.get(repo)
        has_token = self.headers.get("Authorization") == f"Bearer {self.hub_state.token}"
        if self.headers.get("Authorization") and not has_token:
            self.answer(401, b"", {"X-Error-Message": "Invalid credentials in Authorization header"})
            return None
        if found is None or (found.flags.get("private") and not has_token):
            self.answer(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return None
        return found

    def api(self, parts):
        if parts[1] == "v1":
            return self.modelscope(parts)
        repo = self.repository("/".join(parts[2:4]))
        if repo is None:
            return
        commit = repo.resolve(parts[5]) if len(parts) > 5 else repo.refs["main"]
        if commit is None:
            return self.answer(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        if len(parts) <= 4 or parts[4] == "revision":
            return self.answer_json({"id": "/".join(parts[2:4]), "sha": commit, "siblings": []})
        entries = [{"type": "directory", "path": "folder", "size": 0, "oid": "0" * 40}]
        for path, content in repo.commits[commit].items():
            entry = {"type": "file", "path": path, "size": len(content), "oid": git_blob(content)}
            if repo.is_lfs(path):
                entry["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
            entries.append(entry)
        entries += self.hub_state.listing_extra
        begin = int(self.query.get("cursor", ["0"])[0])
        end = begin + self.hub_state.page_size
        headers = {}
        if end < len(entries):
            next_url = f"{self.hub_state.url}{urllib.parse.urlsplit(self.path).path}?recursive=true&cursor={end}"
            headers["Link"] = f'<{next_url}>; rel="next"'
        self.answer_json(entries[begin:end], headers)

    def resolve(self, parts):
        if len(parts) < 5 or parts[2] != "resolve":
            return self.answer(404, b"", {})
        repo = self.repository("/".join(parts[:2]))
        if repo is None:
            return
        if repo.flags.get("gated"):
            return self.answer(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        commit, path = repo.resolve(parts[3]), "/".join(parts[4:])
        if commit is None or path not in repo.commits[commit]:
            headers = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            return self.answer(404, b"", headers | ({"X-Repo-Commit": commit} if commit else {}))
        content, etag = repo.commits[commit][path], repo.etag(commit, path)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"'}
        if not repo.is_lfs(path):
            return self.answer_content(content, headers)
        self.hub_state.blobs[etag] = content
        self.answer(302, b"Found. Redirecting.", headers | {
            "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content)),
            "Location": f"{self.hub_state.content_url}/blob/{etag}?signature=topsecret"})

    def blob(self, parts):
        content = self.hub_state.blobs.get(parts[1])
        if content is None:
            return self.answer(404, b"", {})
        self.answer_content(content, {"ETag": f'"{parts[1]}"'})

    # The others

    def modelscope(self, parts):
        files = self.hub_state.modelscope.get("/".join(parts[3:5]))
        if files is None:
            return self.answer(404, b"{}", {})
        if parts[5:] == ["repo", "files"]:
            return self.answer_json({"Code": 200, "Data": {"Files": [
                {"Path": path, "Name": path, "Type": "blob", "Size": len(content), "Sha256": sha256(content),
                 "Revision": "f" * 40} for path, content in files.items()]}})
        self.answer_content(files[self.query["FilePath"][0]], {})

    def registry(self, parts):
        name = "/".join(parts[1:3])
        if parts[3] == "manifests":
            layers = self.hub_state.ollama.get(f"{name}:{parts[4]}")
            if layers is None:
                return self.answer(404, b"{}", {})
            described = [{"mediaType": kind, "digest": "sha256:" + sha256(content), "size": len(content)}
                         for kind, content in layers.items()]
            self.hub_state.blobs.update({sha256(content): content for content in layers.values()})
            return self.answer_json({"schemaVersion": 2, "config": described[0], "layers": described[1:]})
        digest = parts[4].removeprefix("sha256:")
        self.answer(307, b"", {"Location": f"{self.hub_state.content_url}/blob/{digest}"})

    def plain_file(self, parts):
        content = self.hub_state.plain.get("/".join(parts[1:]))
        if content is None:
            return self.answer(404, b"", {})
        self.answer_content(content, {"ETag": f'"{sha256(content)[:20]}"'})

    # Answers

    def answer_json(self, value, headers=None):
        self.answer_content(json.dumps(value).encode(), {"Content-Type": "application/json"} | (headers or {}))

    def answer(self, status: int, body: bytes, headers: dict):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_content(self, content: bytes, headers: dict):
        fault = self.fault
        if fault.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        total, begin, end = len(content), 0, len(content)
        asked = self.headers.get("Range")
        is_ranged = bool(asked) and not fault.no_ranges
        if is_ranged:
            first, last = asked.removeprefix("bytes=").split("-")
            begin, end = int(first), min(total, int(last) + 1 if last else total)
            if begin >= total:
                return self.answer(416, b"", {"Content-Range": f"bytes */{total}"})
        self.send_response(206 if is_ranged else 200)
        if is_ranged:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{total}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        if self.command == "HEAD":
            return
        body = content[begin:end]
        if fault.truncate is not None:
            self.send_body(body[:fault.truncate], fault)
            time.sleep(fault.stall)
            self.close_connection = True
            return self.connection.close()
        self.send_body(body, fault)

    def send_body(self, body: bytes, fault: Fault):
        step = max(1, int(fault.rate / 20)) if fault.rate else 1 << 20
        for at in range(0, len(body), step):
            piece = body[at:at + step]
            try:
                self.wfile.write(piece)
            except OSError:
                self.close_connection = True
                return
            self.request_record.sent += len(piece)
            if fault.rate:
                time.sleep(len(piece) / fault.rate)
