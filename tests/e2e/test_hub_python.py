"""The cache that is shared with Hugging Face's own client: each finds what the other stored, and waits for its locks."""
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fake_hub import Fault, FakeHub, Repository, sha256
from test_hub import GGUF_FILES, Home, home, hub, model_files, noise, runs  # noqa: F401

pytest.importorskip("huggingface_hub")


def python(home: Home, code: str, **variables) -> str:
    """Runs code that has `h`, the client, in the same home."""
    run = subprocess.run([sys.executable, "-c", "import huggingface_hub as h\n" + code], capture_output=True, text=True,
                         timeout=120, env=home.environment | {"HF_HUB_DISABLE_XET": "1"} | variables)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_client_finds_what_was_pulled(hub, home):
    hub.repos["org/tiny"] = Repository(model_files() | {"README.md": b"hello", "pytorch_model.bin": noise(100)})
    path = home.pull("org/tiny")
    hub.forget()
    patterns = sorted(model_files())
    offline = {"HF_HUB_OFFLINE": "1"}
    assert python(home, f"print(h.snapshot_download('org/tiny', allow_patterns={patterns}))", **offline) == str(path)
    assert python(home, "print(h.hf_hub_download('org/tiny', 'config.json'))", **offline) == str(path / "config.json")
    assert python(home, "print(h.try_to_load_from_cache('org/tiny', 'chat_template.jinja') is h._CACHED_NO_EXIST)") == "True"
    # The list of files that is kept lets it see that the repository has more.
    assert "IncompleteSnapshotError" in python(
        home, "try: h.snapshot_download('org/tiny')\nexcept Exception as e: print(type(e).__name__)", **offline)
    assert not hub.requests
    # Online it asks only for what it has not.
    python(home, "h.snapshot_download('org/tiny')")
    fetched = {request.path.split("/")[-1] for request in hub.asked("/resolve/", method="GET")}
    assert fetched <= {"README.md", "pytorch_model.bin"} and fetched
    python(home, "i = h.scan_cache_dir(); assert not i.warnings, i.warnings; [r] = i.repos; assert r.repo_id == 'org/tiny'")


def test_what_the_client_stored_is_used(hub, home):
    hub.repos["org/tiny"] = Repository(model_files() | {"README.md": b"hello"})
    hub.repos["org/g"] = Repository(GGUF_FILES)
    path = python(home, "print(h.snapshot_download('org/tiny'))")
    file = python(home, "print(h.hf_hub_download('org/g', 'Model-Q8_0.gguf'))")
    hub.forget()
    assert runs(home, "org/tiny", HF_HUB_OFFLINE="1") and not hub.requests
    assert str(home.pull("org/tiny")) == path and str(home.pull("org/g:Q8_0")) == file
    assert not hub.asked("/resolve/")
    assert {model["name"] for model in home.list()} == {"org/tiny", "org/g:Q8_0"}


def test_an_unfinished_snapshot_of_the_client_is_completed(hub, home):
    hub.repos["org/tiny"] = Repository(model_files())
    python(home, "h.hf_hub_download('org/tiny', 'config.json')")
    assert "not whole" in home.refused("run", "org/tiny", "Hi", HF_HUB_OFFLINE="1")
    hub.forget()
    assert runs(home, "org/tiny")
    assert not hub.asked("config.json", method="GET", server="hub") or all(
        "tokenizer_config.json" in r.path or "generation_config.json" in r.path for r in hub.asked("config.json"))


def test_copies_instead_of_links(hub, home):
    hub.repos["org/tiny"] = Repository(model_files())
    path = home.pull("org/tiny", HF_HUB_DISABLE_SYMLINKS="1")
    assert not any(file.is_symlink() for file in path.iterdir())
    hub.forget()
    assert home.pull("org/tiny", HF_HUB_DISABLE_SYMLINKS="1") == path and not hub.asked("/resolve/")
    assert python(home, "print(h.snapshot_download('org/tiny'))", HF_HUB_OFFLINE="1") == str(path)


def test_both_at_once(hub, home):
    """One blob, two clients: the one that comes second takes what the first fetched."""
    content = noise(20 << 20)
    hub.repos["org/big"] = Repository({"big-Q4_K_M.gguf": content})
    hub.faults["/blob/"] = [Fault(rate=8 << 20, forever=True)]
    for first in ("estoc", "python"):
        code = "import huggingface_hub as h; print(h.hf_hub_download('org/big', 'big-Q4_K_M.gguf'))"
        commands = {"estoc": lambda: home.start("pull", "org/big"),
                    "python": lambda: subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                                                       stderr=subprocess.PIPE,
                                                       env=home.environment | {"HF_HUB_DISABLE_XET": "1"})}
        hub.forget()
        one = commands.pop(first)()
        deadline = time.monotonic() + 30
        while not hub.asked("/blob/", method="GET"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        [other] = commands.values()
        two = other()
        paths = []
        for process in (one, two):
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            paths.append(Path(output.strip()))
        assert paths[0] == paths[1] and sha256(paths[0].read_bytes()) == sha256(content)
        assert sum(request.sent for request in hub.asked(server="content", method="GET")) == len(content)
        assert home.run("rm", "org/big", "--yes").returncode == 0


def test_a_lock_of_the_client_is_waited_for(hub, home):
    hub.repos["org/tiny"] = repo = Repository(model_files())
    etag = repo.etag(repo.refs["main"], "config.json")
    lock = home.hf / ".locks" / "models--org--tiny" / f"{etag}.lock"
    lock.parent.mkdir(parents=True)
    code = f"""
import time
from huggingface_hub.utils import WeakFileLock
with WeakFileLock({str(lock)!r}):
    print("held", flush=True)
    time.sleep(1.5)
"""
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=home.environment)
    assert holder.stdout.readline() == "held\n"
    begun = time.monotonic()
    run = home.run("pull", "org/tiny")
    assert run.returncode == 0 and "config.json: another process is fetching it" in run.stderr
    assert time.monotonic() - begun > 1
    holder.wait()


def test_what_was_removed_is_gone_for_both(hub, home):
    hub.repos["org/tiny"] = repo = Repository(model_files())
    first = home.pull("org/tiny").name
    repo.commit(model_files() | {"config.json": model_files()["config.json"] + b" "})
    home.pull("org/tiny")
    assert home.run("rm", f"org/tiny@{first}", "--yes").returncode == 0
    python(home, "i = h.scan_cache_dir(); assert not i.warnings, i.warnings; [r] = i.repos; assert len(r.revisions) == 1")
    # And the other way round: what the client deletes is not found any more.
    python(home, f"i = h.scan_cache_dir(); i.delete_revisions({repo.refs['main']!r}).execute()")
    assert home.list() == []
    os.sync()
