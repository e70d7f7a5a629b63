#!/usr/bin/env python3
"""Builds and runs the unit tests under sanitizers, room by room, first those that a change is likeliest to have broken.

  tools/sanitize.py BUILD_DIR [--base COMMIT] [--minutes N] [--only ROOM...]
  tools/sanitize.py BUILD_DIR --all [--only ROOM...]

What changed is what differs from COMMIT: if it is not given, $ESTOC_BASE, else where this branch left origin/main, else
(on main itself) the last commit that is a day older than the newest. First come the rooms with changed files, then
those that may include them by the table of docs/ARCHITECTURE.md, then those that may include these, and so on. A change
to the build itself, or a history that does not reach back, means all rooms. Rooms for which the time was too short are
named at the end; that is not a failure: `make check` runs them all. Standard library only.
"""
import argparse
import functools
import math
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import tidy

ROOT = Path(__file__).resolve().parent.parent
# Tests that are no room's own, as if they were a room: what they are called, and which rooms they are about.
SIMULATION, SIMULATED = "sim", {"engine", "kv"}
BUILD_FILES = re.compile(r"^(CMake\w+\.(txt|json)|cmake/|tools/sanitize\.py$)")
DAY_SECONDS = 24 * 3600


def git(*arguments: str) -> str:
    """What git prints, or nothing when it cannot tell (a shallow clone, no such branch)."""
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else ""


def find_base() -> str:
    head = git("rev-parse", "HEAD")
    for candidate in (os.environ.get("ESTOC_BASE", ""), git("merge-base", "HEAD", "origin/main")):
        if candidate and git("rev-parse", candidate) not in ("", head):
            return candidate
    newest = git("log", "-1", "--format=%ct")
    return git("rev-list", "-1", f"--before={int(newest) - DAY_SECONDS}", "HEAD") if newest else ""


def read_rooms() -> dict[str, set[str]]:
    rooms = tidy.read_rooms((ROOT / "docs/ARCHITECTURE.md").read_text())
    rooms[SIMULATION] = SIMULATED | {SIMULATION}
    return rooms


def order(changed: list[str], rooms: dict[str, set[str]]) -> list[tuple[int, str]]:
    """(distance from the change, room), nearest first; `changed` are paths below the root."""
    distance: dict[str, int] = {}
    if any(BUILD_FILES.match(path) for path in changed):
        return [(0, room) for room in rooms]
    for path in changed:
        parts = path.split("/")
        if len(parts) > 2 and parts[0] in ("src", "tests") and parts[1] in rooms:
            distance[parts[1]] = 0
    # What only tests changed in is of no concern to the rooms above.
    reaches = {path.split("/")[1] for path in changed
               if path.startswith("src/") and not tidy.is_test(path)} & set(distance)
    step = 0
    while reaches:
        step += 1
        reaches = {room for room, allowed in rooms.items() if room not in distance and allowed & reaches}
        distance.update(dict.fromkeys(reaches, step))
    places = list(rooms)
    return sorted(((far, room) for room, far in distance.items()), key=lambda pair: (pair[0], places.index(pair[1])))


class Deadline:
    """A point in time, and the processes that must not outlive it."""

    def __init__(self, minutes: float):
        self.end = time.monotonic() + 60 * minutes
        self.running: set[subprocess.Popen] = set()

    def run(self, command: list[str], **options) -> int | None:
        """The exit code, or None when the deadline passed; then nothing of it is left running."""
        process = subprocess.Popen(command, start_new_session=True, **options)
        self.running.add(process)
        try:
            return process.wait(None if math.isinf(self.end) else max(0.0, self.end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill(process)

    def kill(self, process: subprocess.Popen) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.discard(process)

    def kill_all(self) -> None:
        for process in list(self.running):
            self.kill(process)


def build_room(room: str, build: Path, jobs: int, deadline: Deadline) -> int | None:
    begin = time.monotonic()
    log = build / f"{room}.build.log"
    with log.open("wb") as output:
        code = deadline.run(["cmake", "--build", str(build), "-j", str(jobs), "--target", f"{room}_test"],
                            stdout=output, stderr=subprocess.STDOUT)
    if code:
        print(log.read_text()[-8000:], file=sys.stderr)
        print(f"sanitize: {room}: the tests could not be built", flush=True)
    if code == 0:
        print(f"sanitize: {room}: built in {time.monotonic() - begin:.0f} s", flush=True)
    return code


def run_room(room: str, build: Path, deadline: Deadline) -> int | None:
    begin = time.monotonic()
    # No cache: whole runs of the demo model are too long here. What is lost is its GGUF and Q4_1 path as a whole; the
    # rooms' own unit tests have to cover that.
    environment = {**os.environ, "ESTOC_CACHE": str(build / "no-cache")}
    folder = build / "tests" if room == SIMULATION else build / "src" / room
    command = [*plain_addresses(), str(folder / f"{room}_test"), "--gtest_brief=1"]
    code = deadline.run(command, cwd=ROOT, env=environment)
    if code is not None:
        print(f"sanitize: {room}: {'FAILED' if code else 'passed'}, ran {time.monotonic() - begin:.0f} s", flush=True)
    return code


@functools.cache
def plain_addresses() -> list[str]:
    """What runs a program without randomized addresses, where that is allowed: sanitizers of this age do not know the
    layouts of some kernels."""
    command = ["setarch", platform.machine(), "-R"]
    is_allowed = shutil.which("setarch") and subprocess.run([*command, "true"], capture_output=True).returncode == 0
    return command if is_allowed else []


def check_rooms(rooms: list[str], build: Path, jobs: int, deadline: Deadline) -> dict[str, int | None]:
    """room -> exit code, None when the time was too short; the tests of one room run while the next is built."""
    results: dict[str, int | None] = {}
    runs: dict[str, Future] = {}
    with ThreadPoolExecutor(max(1, jobs)) as runner:  # a room of minutes (kernels) keeps no other waiting
        try:
            for room in rooms:
                results[room] = build_room(room, build, jobs, deadline)
                if results[room] is None:
                    break
                if results[room] == 0:
                    runs[room] = runner.submit(run_room, room, build, deadline)
        except BaseException:
            runner.shutdown(wait=False, cancel_futures=True)
            deadline.kill_all()
            raise
    return results | {room: run.result() for room, run in runs.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="a configured build folder with ESTOC_SANITIZE")
    parser.add_argument("--base", default="", help="the commit to compare with")
    parser.add_argument("--all", action="store_true", help="all rooms, however long it takes")
    parser.add_argument("--only", nargs="+", default=[], metavar="ROOM", help="none but these rooms")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    rooms = read_rooms()
    base = "" if arguments.all else arguments.base or find_base()
    changed = git("diff", "--name-only", base).splitlines() if base else ["CMakeLists.txt"]
    chosen = [room for _, room in order(changed, rooms)
              if (room == SIMULATION or list((ROOT / "src" / room).glob("*_test.cc")))
              and (not arguments.only or room in arguments.only)]
    print(f"sanitize: {len(chosen)} rooms with tests"
          + (f" that a change since {git('log', '-1', '--format=%h of %ci', base)} can reach" if base else ""),
          flush=True)
    deadline = Deadline(math.inf if arguments.all else arguments.minutes)
    results = check_rooms(chosen, arguments.build.resolve(), arguments.jobs, deadline)
    left = [room for room in chosen if results.get(room) is None]
    if left:
        print(f"sanitize: NOT RUN, {arguments.minutes:g} minutes were over: {' '.join(left)}", flush=True)
    failed = [room for room, code in results.items() if code]
    print(f"sanitize: {len(chosen) - len(failed) - len(left)} rooms passed, {len(failed)} failed {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
