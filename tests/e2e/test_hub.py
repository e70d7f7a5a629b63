"""Models by name: fetched from a hub on this machine, found again, listed and removed."""
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from estoc_server import BINARY, GOLDEN
from fake_hub import FakeHub, Fault, Repository, git_blob, sha256

MODEL = GOLDEN / "models" / "llama2_like"
PIECE = 8 << 20  # of a download


def model_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in MODEL.iterdir()}


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def hub():
    hub = FakeHub()
    yield hub
    hub.close()


class Home:
    """A user's folders of their own, and the binary run in them."""

    def __init__(self, folder: Path, hub: FakeHub):
        self.folder = folder
        self.hf = folder / "hf" / "hub"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("HF_", "ESTOC_", "OLLAMA_", "MODELSCOPE_", "LLAMA_"))
                            and "proxy" not in name.lower() and not name.startswith("SSL_")}
        self.environment |= {
            "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "HF_HOME": str(folder / "hf"),
            "HF_ENDPOINT": hub.url, "MODELSCOPE_ENDPOINT": hub.url, "MODELSCOPE_CACHE": str(folder / "ms"),
            "HF_HUB_DOWNLOAD_TIMEOUT": "2"}

    def run(self, *arguments, timeout: float = 60, **variables) -> subprocess.CompletedProcess:
        return subprocess.run([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, env=self.environment | variables)

    def start(self, *arguments, **variables) -> subprocess.Popen:
        return subprocess.Popen([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment | variables)

    def pull(self, *arguments, **options) -> Path:
        run = self.run("pull", *arguments, **options)
        assert run.returncode == 0, run.stderr
        return Path(run.stdout.strip())

    def refused(self, *arguments, code: int = 2, **options) -> str:
        """The one sentence a command ends with (after notes on what was tried)."""
        run = self.run(*arguments, **options)
        assert run.returncode == code, (run.stdout, run.stderr)
        last = run.stderr.strip().splitlines()[-1]
        assert last.startswith("estoc: "), run.stderr
        return last.removeprefix("estoc: ")

    def list(self) -> list[dict]:
        run = self.run("list", "-o", "json")
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)


@pytest.fixture
def home(tmp_path, hub) -> Home:
    return Home(tmp_path, hub)


def runs(home: Home, name: str, **variables) -> bool:
    run = home.run("run", name, "--ctx", "128", "--max-tokens", "4", "The cat", **variables)
    assert run.returncode == 0, run.stderr
    return True


# What is fetched, and where it lies


def test_safetensors_repository(hub, home):
    extras = {"pytorch_model.bin": noise(1000), "onnx/model.onnx": noise(1000), "README.md": b"hello",
              "model.fp16.safetensors": noise(100), "consolidated.safetensors": noise(100), ".gitattributes": b""}
    hub.repos["org/tiny"] = repo = Repository(model_files() | extras)
    path = home.pull("org/tiny")
    commit = repo.refs["main"]
    assert path == home.hf / "models--org--tiny" / "snapshots" / commit
    assert {file.name for file in path.iterdir()} == set(model_files())
    for file in path.iterdir():
        assert os.readlink(file) == f"../../blobs/{repo.etag(commit, file.name)}"
        assert file.read_bytes() == (MODEL / file.name).read_bytes()
    root = home.hf / "models--org--tiny"
    assert (root / "refs" / "main").read_text() == commit
    assert not list((root / "blobs").glob("*incomplete*"))
    assert (root / ".no_exist" / commit / "chat_template.jinja").read_bytes() == b""
    hub.forget()
    assert home.pull("org/tiny") == path
    assert not hub.asked("/resolve/") and not hub.asked(server="content"), "nothing is fetched twice"


def test_a_name_is_enough_for_every_command(hub, home, tmp_path):
    hub.repos["org/tiny"] = Repository(model_files())
    assert runs(home, "org/tiny"), "what is missing is fetched"
    hub.forget()
    assert runs(home, "org/tiny")
    show = home.run("show", "org/tiny")
    assert show.returncode == 0 and show.stdout.splitlines()[0].split() == ["model", "org/tiny"]
    text = tmp_path / "text"
    text.write_text("the cat sat on the mat " * 20)
    for command in (["perplexity", "org/tiny", text, "--ctx", "16"], ["trace", "org/tiny", "the cat"],
                    ["bench", "model", "org/tiny", "-p", "4", "-n", "0", "-r", "1", "-t", "1"]):
        run = home.run(*command)
        assert run.returncode == 0, run.stderr
    assert runs(home, "org/tiny", HF_HUB_OFFLINE="1", HF_ENDPOINT="https://huggingface.co")
    assert not hub.requests, "what is here is used without a word to the hub"


def test_the_server_calls_a_model_by_its_name(hub, home):
    import httpx

    hub.repos["org/tiny"] = Repository(model_files())
    server = home.start("serve", "org/tiny", "--port", "0", "--ctx", "128")
    try:
        for line in server.stderr:
            if "serving on http://" in line:
                url = line.split("serving on ")[1].split()[0]
                break
        client = httpx.Client(trust_env=False)
        assert client.get(f"{url}/models").json()["data"][0]["id"] == "org/tiny"
        assert client.get(f"{url}/models/org/tiny").json()["id"] == "org/tiny"
    finally:
        server.terminate()
        assert server.wait(30) == 0


def test_shards_are_those_of_the_index(hub, home):
    files = model_files()
    weights = files.pop("model.safetensors")
    index = {"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    files |= {"model.safetensors.index.json": json.dumps(index).encode(), "model-00001-of-00002.safetensors": weights,
              "model-00002-of-00002.safetensors": noise(5000), "model-00001-of-00001.safetensors": noise(7)}
    hub.repos["org/sharded"] = Repository(files)
    path = home.pull("org/sharded")
    assert {file.name for file in path.iterdir()} == set(files) - {"model-00001-of-00001.safetensors"}
    (path / "model-00002-of-00002.safetensors").resolve().unlink()
    problem = home.refused("run", "org/sharded", "Hi", HF_HUB_OFFLINE="1")
    assert "org/sharded" in problem and "not whole" in problem


@pytest.mark.parametrize("shard", ["../../x.safetensors", "/etc/passwd", "a/b.safetensors", "missing.safetensors"])
def test_an_index_does_not_reach_elsewhere(shard, hub, home):
    files = model_files()
    del files["model.safetensors"]
    files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": shard}}).encode()
    hub.repos["org/bad"] = Repository(files)
    home.refused("pull", "org/bad")


def test_revisions(hub, home):
    hub.repos["org/tiny"] = repo = Repository(model_files())
    first = repo.refs["main"]
    second = repo.commit(model_files() | {"generation_config.json": b'{"max_length": 7}'})
    other = repo.commit(model_files() | {"config.json": model_files()["config.json"] + b"\n"}, "dev/new")
    assert home.pull("org/tiny").name == second
    assert home.pull(f"org/tiny@{first}").name == first
    assert home.pull("org/tiny@dev/new").name == other
    assert (home.hf / "models--org--tiny" / "refs" / "dev" / "new").read_text() == other
    assert home.pull(f"{hub.url}/org/tiny/tree/dev%2Fnew").name == other
    assert "no revision 'none'" in home.refused("pull", "org/tiny@none")
    names = {model["name"] for model in home.list()}
    assert names == {"org/tiny", f"org/tiny@{first}", "org/tiny@dev/new"}


GGUF_FILES = {"Model-Q4_K_M.gguf": noise(3000, 1), "Model-Q8_0.gguf": noise(3000, 2), "mmproj-Model-f16.gguf": noise(10),
              "UD-Q2_K_XL/Model-UD-Q2_K_XL-00001-of-00002.gguf": noise(3000, 3),
              "UD-Q2_K_XL/Model-UD-Q2_K_XL-00002-of-00002.gguf": noise(3000, 4),
              "broken-Q6_K-00001-of-00002.gguf": noise(30)}


@pytest.mark.parametrize("ref, files", [
    ("org/g", ["Model-Q4_K_M.gguf"]), ("org/g:q8_0", ["Model-Q8_0.gguf"]), ("hf.co/org/g:Q8_0", ["Model-Q8_0.gguf"]),
    ("org/g:UD-Q2_K_XL", ["UD-Q2_K_XL/Model-UD-Q2_K_XL-00001-of-00002.gguf",
                          "UD-Q2_K_XL/Model-UD-Q2_K_XL-00002-of-00002.gguf"]),
    ("org/g/Model-Q8_0.gguf", ["Model-Q8_0.gguf"]), ("{hub}/org/g/blob/main/Model-Q8_0.gguf", ["Model-Q8_0.gguf"]),
    ("{hub}/org/g/resolve/main/Model-Q8_0.gguf?download=true", ["Model-Q8_0.gguf"]), ("{hub}/org/g", ["Model-Q4_K_M.gguf"])])
def test_gguf_files(ref, files, hub, home):
    hub.repos["org/g"] = repo = Repository(GGUF_FILES)
    path = home.pull(ref.format(hub=hub.url))
    snapshot = home.hf / "models--org--g" / "snapshots" / repo.refs["main"]
    assert path == snapshot / files[0]
    assert sorted(str(p.relative_to(snapshot)) for p in snapshot.rglob("*.gguf")) == files
    for file in files:
        assert (snapshot / file).read_bytes() == GGUF_FILES[file]


def test_gguf_that_is_not_there(hub, home):
    hub.repos["org/g"] = Repository(GGUF_FILES)
    problem = home.refused("pull", "org/g:Q5_K_M")
    assert "has no Q5_K_M" in problem and "Q4_K_M" in problem and "UD-Q2_K_XL" in problem
    assert "not all of its parts" in home.refused("pull", "org/g:Q6_K")
    hub.repos["org/none"] = Repository({"README.md": b"x", "pytorch_model.bin": b"x"})
    assert "neither safetensors" in home.refused("pull", "org/none")


# When things go wrong


def big(hub: FakeHub, pieces: float = 4.5) -> bytes:
    content = noise(int(pieces * PIECE))
    hub.repos["org/big"] = Repository({"big-Q4_K_M.gguf": content})
    return content


def recorded(blobs: Path) -> str:
    """The digits of the pieces that the one unfinished file has; empty before there is one."""
    for record in blobs.glob("*.parts"):
        return record.read_text().partition("\n")[2]
    return ""


def wait_for_pieces(process: subprocess.Popen, blobs: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while recorded(blobs).count("1") < count:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)


def sent(hub: FakeHub) -> int:
    return sum(request.sent for request in hub.asked(server="content"))


def test_a_large_file_comes_over_several_connections(hub, home):
    content = big(hub)
    assert home.pull("org/big").read_bytes() == content
    ranges = [request.headers["Range"] for request in hub.asked(server="content")]
    assert len(ranges) == 5 and len(set(ranges)) == 5
    assert len(hub.asked("/resolve/")) == 1, "where the content is has to be asked once"


def test_a_killed_pull_goes_on(hub, home):
    content = big(hub)
    hub.faults["/blob/"] = [Fault(rate=3 << 20, forever=True)]
    process = home.start("pull", "org/big")
    blobs = home.hf / "models--org--big" / "blobs"
    wait_for_pieces(process, blobs, 2)
    process.kill()
    process.communicate()
    assert not (home.hf / "models--org--big" / "refs").exists(), "what is not whole has no ref"
    hub.faults.clear()
    hub.forget()
    assert "not whole" in home.refused("show", "org/big", HF_HUB_OFFLINE="1")
    path = home.pull("org/big")
    assert sha256(path.read_bytes()) == sha256(content) == path.resolve().name
    assert sent(hub) <= len(content) - 2 * PIECE, "what was there did not come again"
    assert sorted(p.name for p in blobs.iterdir()) == [sha256(content)]


def test_damage_in_what_was_left_is_found(hub, home):
    content = big(hub, 2.5)
    hub.faults["/blob/"] = [Fault(rate=8 << 20, forever=True)]
    process = home.start("pull", "org/big")
    blobs = home.hf / "models--org--big" / "blobs"
    wait_for_pieces(process, blobs, 1)
    process.kill()
    process.communicate()
    [record] = blobs.glob("*.parts")
    piece = recorded(blobs).index("1")
    with open(str(record).removesuffix(".parts"), "r+b") as part:
        part.seek(piece * PIECE)
        part.write(b"damage")
    hub.faults.clear()
    run = home.run("pull", "org/big")
    assert run.returncode == 0 and "damaged" in run.stderr
    assert Path(run.stdout.strip()).read_bytes() == content


def test_two_pulls_at_once(hub, home):
    content = big(hub)
    hub.faults["/blob/"] = [Fault(rate=2 << 20, forever=True)]
    both = [home.start("pull", "org/big") for _ in range(2)]
    results = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert results[0][0] == results[1][0] and Path(results[0][0].strip()).read_bytes() == content
    assert any("another process is fetching it" in errors for _, errors in results)
    assert sent(hub) == len(content), "the second takes what the first fetched"


@pytest.mark.parametrize("fault, words", [
    (Fault(status=503), "status 503"), (Fault(status=429, headers={"Retry-After": "1"}), "status 429"),
    (Fault(truncate=100_000), ""), (Fault(truncate=100_000, stall=30), "nothing has come for 2 s"),
    (Fault(status=403), "status 403")])
def test_what_may_go_well_later_is_tried_again(fault, words, hub, home):
    content = big(hub, 2.5)
    hub.faults["/blob/"] = [fault]
    begun = time.monotonic()
    run = home.run("pull", "org/big")
    assert run.returncode == 0, run.stderr
    assert words in run.stderr and "trying again in" in run.stderr
    assert Path(run.stdout.strip()).read_bytes() == content
    assert fault.status != 429 or time.monotonic() - begun >= 1


@pytest.mark.parametrize("part", ["/revision/", "/tree/"])
def test_lists_are_tried_again(part, hub, home):
    hub.repos["org/tiny"] = Repository(model_files())
    hub.faults[part] = [Fault(status=502), Fault(truncate=10)]
    assert home.pull("org/tiny")


def test_trying_again_has_an_end(hub, home):
    big(hub, 0.1)
    hub.faults["/blob/"] = [Fault(status=500, forever=True)]
    assert "status 500 (tried 5 times)" in home.refused("pull", "org/big")
    hub.faults["/blob/"] = [Fault(status=429, headers={"Retry-After": "4000"})]
    assert "come back in 4000 s" in home.refused("pull", "org/big")


def test_a_server_without_ranges(hub, home):
    content = big(hub, 2.5)
    hub.faults["/blob/"] = [Fault(no_ranges=True, forever=True)]
    assert home.pull("org/big").read_bytes() == content


def test_a_range_that_cannot_be_had(hub, home):
    content = big(hub, 2.5)
    hub.faults["/blob/"] = [Fault(status=416)]
    assert home.pull("org/big").read_bytes() == content


@pytest.mark.parametrize("size", [1000, int(1.5 * PIECE)])
def test_a_wrong_digest_is_refused(size, hub, home):
    hub.repos["org/bad"] = Repository({"bad-Q4_K_M.gguf": noise(size)})
    hub.faults["/blob/"] = [Fault(corrupt=True, forever=True)]
    assert "not what its digest says" in home.refused("pull", "org/bad")
    root = home.hf / "models--org--bad"
    assert not list((root / "blobs").iterdir()) and not (root / "snapshots").exists()


def test_a_wrong_small_file_is_refused(hub, home):
    hub.repos["org/bad"] = Repository(model_files())
    hub.faults["tokenizer.json"] = [Fault(corrupt=True, forever=True)]
    assert "tokenizer.json" in home.refused("pull", "org/bad")


def test_redirects_are_bounded(hub, home):
    big(hub, 0.1)
    hub.faults["/blob/"] = [Fault(redirect=f"{hub.content_url}/blob/again", forever=True)]
    assert "redirects more often" in home.refused("pull", "org/big")
    hub.faults["/blob/"] = [Fault(redirect="file:///etc/passwd")]
    assert "no web address" in home.refused("pull", "org/big")


def test_no_room(hub, home):
    big(hub, 0.1)
    hub.repos["org/big"].commits[hub.repos["org/big"].refs["main"]].clear()
    hub.listing_extra = [{"type": "file", "path": "x-Q4_K_M.gguf", "size": 1 << 41, "oid": "0" * 40,
                          "lfs": {"oid": "0" * 64, "size": 1 << 41, "pointerSize": 1}}]
    problem = home.refused("pull", "org/big")
    assert "2048.00 GiB are needed" in problem and not hub.asked("/resolve/")


# Who may what


def test_tokens_go_to_their_hub_only(hub, home):
    hub.repos["org/secret"] = Repository(model_files(), private=True)
    assert "needs a token" in home.refused("pull", "org/secret")
    token_file = home.folder / "hf" / "token"
    token_file.parent.mkdir(parents=True, exist_ok=True)
    for way in ("variable", "file"):
        hub.forget()
        shutil.rmtree(home.hf, ignore_errors=True)
        variables = {"HF_TOKEN": hub.token} if way == "variable" else {}
        if way == "file":
            token_file.write_text(hub.token + "\n")
        run = home.run("pull", "org/secret", **variables)
        assert run.returncode == 0, run.stderr
        assert hub.token not in run.stdout + run.stderr
        assert all(request.headers["Authorization"] == f"Bearer {hub.token}" for request in hub.asked(server="hub"))
        assert hub.asked(server="content")
        assert not any("Authorization" in request.headers for request in hub.asked(server="content"))
    stored = b"".join(path.read_bytes() for path in home.hf.rglob("*") if path.is_file())
    assert hub.token.encode() not in stored and b"topsecret" not in stored
    assert "not know the token" in home.refused("pull", "org/secret", HF_TOKEN="hf_wrong")
    problem = home.refused("pull", "org/secret", HF_TOKEN="bad\ntoken: x")
    assert "HF_TOKEN" in problem and "x" not in problem.split(":")[0]
    assert "needs a token" in home.refused("pull", "org/secret", HF_HUB_DISABLE_IMPLICIT_TOKEN="1")


def test_a_token_does_not_travel_openly(hub, home):
    """Over http it goes to this machine only; and the name of a proxy is nobody's to tell it."""
    hub.repos["org/tiny"] = Repository(model_files())
    endpoint = "http://hub.invalid:80"
    run = home.run("pull", "org/tiny", HF_TOKEN=hub.token, HF_ENDPOINT=endpoint, http_proxy=hub.url)
    assert "the token is not sent to http://hub.invalid" in run.stderr and run.returncode == 2
    assert hub.requests and not any("Authorization" in request.headers for request in hub.requests)


def test_gated_and_missing(hub, home):
    hub.repos["org/gated"] = Repository(model_files(), gated=True)
    problem = home.refused("pull", "org/gated")
    assert "accepted its conditions" in problem and f"{hub.url}/org/gated" in problem
    assert "no such repository" in home.refused("pull", "org/nothing")
    hub.repos["org/tiny"] = Repository(GGUF_FILES)
    assert "no GGUF file 'none.gguf'" in home.refused("pull", "org/tiny/none.gguf")


def test_offline(hub, home):
    hub.repos["org/tiny"] = Repository(model_files())
    assert "HF_HUB_OFFLINE" in home.refused("pull", "org/tiny", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE" in home.refused("run", "org/tiny", "Hi", HF_HUB_OFFLINE="1")
    assert not hub.requests


@pytest.mark.parametrize("path", ["../../../../evil.gguf", "/evil.gguf", "a/../evil.gguf", "a\\evil.gguf", "evil\n.gguf",
                                  "./evil.gguf", "a//evil.gguf", "x" * 300 + ".gguf", "evil\0.gguf"])
def test_hostile_names_in_a_list(path, hub, home):
    content = noise(100)
    hub.repos["org/evil"] = Repository({"README.md": b"x"})
    hub.listing_extra = [{"type": "file", "path": path, "size": 100, "oid": git_blob(content),
                          "lfs": {"oid": sha256(content), "size": 100, "pointerSize": 1}}]
    home.refused("pull", "org/evil")
    assert not list(home.folder.rglob("*evil.gguf"))


@pytest.mark.parametrize("entry", [
    {"oid": "0" * 40, "lfs": {"oid": "../../../../x", "size": 1}}, {"oid": "../x"}, {"oid": "0" * 40, "size": -1},
    {"oid": "0" * 40, "size": 1 << 63}, {"oid": "0" * 40, "lfs": {"oid": "A" * 64, "size": 1}}, {"oid": 7}, {"path": 7},
    {"oid": "0" * 40, "size": "1"}])
def test_hostile_entries_in_a_list(entry, hub, home):
    hub.repos["org/evil"] = Repository(model_files())
    hub.listing_extra = [{"type": "file", "path": "x-Q4_K_M.gguf", "size": 1} | entry]
    home.refused("pull", "org/evil")
    assert not list(home.folder.rglob("blobs"))


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"[" * 100_000, b'{"sha": "main"}', b'{"sha": "../../x"}', b"\xff"])
def test_hostile_answers(body, hub, home, monkeypatch):
    hub.repos["org/evil"] = Repository(model_files())
    monkeypatch.setattr(type(hub), "take_fault", lambda self, path: Fault())
    from fake_hub import Handler
    monkeypatch.setattr(Handler, "answer_json", lambda self, value, headers=None: self.answer_content(body, {}))
    home.refused("pull", "org/evil")


def test_an_endless_list_ends(hub, home):
    hub.repos["org/evil"] = Repository(model_files())
    hub.page_size = 0
    assert "does not end" in home.refused("pull", "org/evil")


@pytest.mark.parametrize("ref", ["", "org/", "/org", "org/name@", "org/name:", "org/na me", "org/name/../x.gguf", "a:b:c:d/",
                                 "org/name@..", "https://huggingface.co/datasets/a/b", "ftp://x/y.gguf", "http://example.org/x.gguf",
                                 "https://user:pw@example.org/x.gguf", "ollama:../x", "modelscope:x", "org--x/y\n"])
def test_names_that_are_none(ref, home, hub):
    home.refused("pull", ref)
    assert not hub.requests


# Other hubs


def test_modelscope(hub, home):
    hub.modelscope["org/tiny"] = model_files() | {"pytorch_model.bin": noise(1000)}
    path = home.pull("modelscope:org/tiny")
    assert path == home.folder / "ms" / "models" / "org--tiny" / "snapshots" / "master"
    assert {file.name for file in path.iterdir()} == set(model_files())
    assert runs(home, "modelscope:org/tiny", HF_HUB_OFFLINE="1")
    hub.modelscope["org/tiny"]["generation_config.json"] = b'{"eos_token_id": 3}'
    assert (home.pull("modelscope:org/tiny") / "generation_config.json").read_bytes() == b'{"eos_token_id": 3}'
    assert [model["name"] for model in home.list()] == ["modelscope:org/tiny"]
    assert "no such repository" in home.refused("pull", "modelscope:org/none")
    assert "--yes" in home.refused("rm", "modelscope:org/tiny")
    assert home.run("rm", "modelscope:org/tiny", "--yes").returncode == 0
    assert home.list() == []


def test_modelscope_older_layout(hub, home):
    shutil.copytree(MODEL, home.folder / "ms" / "hub" / "models" / "org" / "tiny-1___5")
    assert runs(home, "modelscope:org/tiny-1.5", HF_HUB_OFFLINE="1")
    assert [model["name"] for model in home.list()] == ["modelscope:org/tiny-1.5"]


GOLDEN_GGUF = GOLDEN / "models" / "qwen3_like.gguf"


def opens(home: Home, name: str, **variables) -> bool:
    """Whether a name leads to a GGUF file's weights, also to one without a vocabulary."""
    run = home.run("bench", "model", name, "-p", "2", "-n", "0", "-r", "1", "-t", "1", "-o", "json", **variables)
    assert run.returncode == 0, run.stderr
    return True


def test_ollama_registry(hub, home):
    layers = {"application/vnd.docker.container.image.v1+json": b"{}",
              "application/vnd.ollama.image.model": GOLDEN_GGUF.read_bytes(),
              "application/vnd.ollama.image.license": b"free"}
    hub.ollama["library/tiny:1b"] = layers
    hub.ollama["library/same:latest"] = layers | {"application/vnd.ollama.image.license": b"not free"}
    name = f"ollama:{hub.url}/library/tiny:1b"
    path = home.pull(name)
    own = home.folder / "cache" / "estoc" / "models" / "ollama"
    assert path == own / "blobs" / f"sha256-{sha256(GOLDEN_GGUF.read_bytes())}"
    assert opens(home, name)
    assert home.pull(f"ollama:{hub.url}/library/same") == path
    assert "no such model or tag" in home.refused("pull", f"ollama:{hub.url}/library/none:1b")
    names = [model["name"] for model in home.list()]
    assert len(names) == 2
    for left in (1, 0):
        assert home.run("rm", names[left]).returncode == 0
        assert path.exists() == bool(left), "a blob stays while another model uses it"
    assert list((own / "blobs").iterdir()) == []


def ollama_folder(folder: Path, name: str = "tiny", tag: str = "latest", content: bytes | None = None) -> Path:
    content = content or GOLDEN_GGUF.read_bytes()
    manifest = folder / "manifests" / "registry.ollama.ai" / "library" / name / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{sha256(content)}", "size": len(content)}
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [layer]}))
    blob = folder / "blobs" / f"sha256-{sha256(content)}"
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(content)
    return blob


def test_what_ollama_has(hub, home):
    blob = ollama_folder(home.folder / ".ollama" / "models")
    assert [(m["name"], m["place"], m["path"], m["size"]) for m in home.list()] == [
        ("tiny:latest", "Ollama", str(blob), blob.stat().st_size)]
    for name in ("tiny", "tiny:latest", "ollama:tiny"):
        assert opens(home, name)
    assert "belongs to Ollama" in home.refused("rm", "tiny:latest") and blob.exists()
    other = ollama_folder(home.folder / "elsewhere", "other")
    assert opens(home, "other", OLLAMA_MODELS=str(home.folder / "elsewhere")) and other.exists()
    assert not hub.requests


@pytest.mark.parametrize("digest", ["sha256:../../../../etc/passwd", "sha256:" + "A" * 64, "md5:" + "0" * 64, "", 7])
def test_hostile_manifests(digest, hub, home):
    folder = home.folder / ".ollama" / "models"
    ollama_folder(folder)
    manifest = folder / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "latest"
    manifest.write_text(manifest.read_text().replace(json.loads(manifest.read_text())["layers"][0]["digest"], str(digest)))
    assert home.list() == []
    home.refused("show", "tiny:latest")


def test_what_llama_cpp_and_lm_studio_have(hub, home):
    llama = home.folder / "cache" / "llama.cpp"
    llama.mkdir(parents=True)
    shutil.copy(GOLDEN_GGUF, llama / "org_tiny-GGUF_tiny-Q8_0.gguf")
    (llama / "manifest=org=tiny-GGUF=Q8_0.json").write_text("{}")
    shutil.copy(GOLDEN_GGUF, llama / "plain.gguf")
    studio = home.folder / ".lmstudio" / "models" / "someone" / "thing-GGUF"
    studio.mkdir(parents=True)
    shutil.copy(GOLDEN_GGUF, studio / "thing-Q4_K_M.gguf")
    shutil.copytree(MODEL, home.folder / ".cache" / "lm-studio" / "models" / "mlx" / "tiny")
    listed = {(m["name"], m["place"], m["format"]) for m in home.list()}
    assert listed == {("org/tiny-GGUF:Q8_0", "llama.cpp", "GGUF Q8_0"), ("plain", "llama.cpp", "GGUF"),
                      ("someone/thing-GGUF:Q4_K_M", "LM Studio", "GGUF Q4_K_M"), ("mlx/tiny", "LM Studio", "safetensors")}
    for name in ("org/tiny-GGUF:Q8_0", "org/tiny-gguf", "plain", "someone/thing-GGUF", "thing-Q4_K_M", "mlx/tiny"):
        assert opens(home, name), name
    assert not hub.requests
    assert "belongs to llama.cpp" in home.refused("rm", "plain")
    table = home.run("list").stdout
    assert "someone/thing-GGUF:Q4_K_M" in table and "LM Studio" in table


def test_a_file_by_its_address(hub, home):
    content = GOLDEN_GGUF.read_bytes()
    hub.plain["a b/tiny-Q8_0.gguf"] = content
    hub.plain["big-00001-of-00002.gguf"], hub.plain["big-00002-of-00002.gguf"] = noise(int(1.2 * PIECE)), noise(77)
    url = f"{hub.url}/files/a%20b/tiny-Q8_0.gguf"
    # The hub's own address would be a repository's page: another name for the same machine.
    url = url.replace("127.0.0.1", "localhost")
    assert home.pull(url).read_bytes() == content
    hub.forget()
    assert opens(home, url) and opens(home, "tiny-Q8_0") and not hub.requests
    first = home.pull(f"{hub.url.replace('127.0.0.1', 'localhost')}/files/big-00001-of-00002.gguf")
    assert (first.parent / "big-00002-of-00002.gguf").read_bytes() == noise(77)
    assert url in [model["name"] for model in home.list()]
    assert home.run("rm", url).returncode == 0 and url not in [model["name"] for model in home.list()]
    assert "no such file" in home.refused("pull", url.replace("tiny", "none"))


def test_names_that_are_not_here(hub, home):
    assert "no model of that name here" in home.refused("run", "nothing", "Hi")
    assert home.run("list").returncode == 0
    ollama_folder(home.folder / ".ollama" / "models", "plain")
    llama = home.folder / "cache" / "llama.cpp"
    llama.mkdir(parents=True)
    shutil.copy(GOLDEN_GGUF, llama / "plain.gguf")
    problem = home.refused("show", "plain")
    assert "plain:latest (Ollama) or plain (llama.cpp)" in problem


# Removing


def test_removing_from_the_shared_cache(hub, home):
    hub.repos["org/tiny"] = repo = Repository(model_files())
    first = repo.refs["main"]
    home.pull("org/tiny")
    second = repo.commit(model_files() | {"config.json": model_files()["config.json"] + b" "})
    home.pull("org/tiny")
    root = home.hf / "models--org--tiny"
    assert "--yes" in home.refused("rm", "org/tiny"), "nobody was there to be asked"
    assert home.run("rm", f"org/tiny@{first}", "-y").returncode == 0
    assert [path.name for path in (root / "snapshots").iterdir()] == [second]
    weights = root / "snapshots" / second / "model.safetensors"
    assert weights.read_bytes() == model_files()["model.safetensors"], "what both use stays"
    assert not (root / "blobs" / git_blob(model_files()["config.json"])).exists()
    assert runs(home, "org/tiny", HF_HUB_OFFLINE="1")
    assert "not among the models" in home.refused("rm", "org/tiny@other", "--yes")
    run = home.run("rm", f"org/tiny@{second}", "--yes")
    assert run.returncode == 0 and "are free again" in run.stdout and not root.exists()
    assert "not among the models" in home.refused("rm", "org/tiny")
    assert "no value" not in home.refused("rm", "org/tiny", ESTOC_YES="1")


def test_removing_one_quantization(hub, home):
    hub.repos["org/g"] = Repository(GGUF_FILES)
    run = home.run("pull", "org/g", "org/g:Q8_0")
    assert run.returncode == 0 and len(run.stdout.splitlines()) == 2
    assert home.run("rm", "org/g:Q8_0", "--yes").returncode == 0
    assert [model["name"] for model in home.list()] == ["org/g:Q4_K_M"]
    blobs = home.hf / "models--org--g" / "blobs"
    assert [path.name for path in blobs.iterdir()] == [sha256(GGUF_FILES["Model-Q4_K_M.gguf"])]


def test_removing_what_was_never_whole(hub, home):
    big(hub, 2.5)
    hub.faults["/blob/"] = [Fault(rate=2 << 20, forever=True)]
    process = home.start("pull", "org/big")
    root = home.hf / "models--org--big"
    while not hub.asked("/blob/"):
        time.sleep(0.02)
    assert "is being fetched" in home.refused("rm", "org/big", "--yes")
    process.kill()
    process.communicate()
    assert home.run("rm", "org/big", "--yes").returncode == 0 and not root.exists()


def test_progress_is_told(hub, home):
    import pty

    big(hub, 2.5)
    hub.faults["/blob/"] = [Fault(rate=6 << 20, forever=True)]
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, "pull", "org/big"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=theirs, env=home.environment)
    os.close(theirs)
    screen = b""
    try:
        while piece := os.read(ours, 4096):
            screen += piece
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    assert b"[=" in screen and b"% of 20.0 MiB" in screen and b"/s" in screen


def test_a_stopped_pull_ends_at_once(hub, home):
    big(hub)
    hub.faults["/blob/"] = [Fault(rate=1 << 18, forever=True)]
    process = home.start("pull", "org/big")
    while not hub.asked("/blob/"):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)  # all of it would take longer
    assert process.returncode == -signal.SIGINT


def test_hashes_are_git_s():
    assert git_blob(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert hashlib.sha256(b"").hexdigest() == sha256(b"")
