#!/usr/bin/env python3
"""What clang says of the source without making code of it: every header alone, and which lock guards what.

  tools/syntax.py BUILD_DIR [--jobs N] [--minutes N]

Every header with a guard is compiled as the only thing that a file includes, twice, so that none leans on what
happens to be included before it; a header without one is a piece of its includer (tools/tidy.py knows who may lack
it). Every source file that reaches base/mutex.h is held against the annotations of base/thread_annotations.h: the
others have no lock to hold. Fuzz harnesses, which only a build of their own compiles, have to be right as well.
BUILD_DIR is any configured build: its compile_commands.json says which folders and definitions a room is compiled
with. Kernels for GPUs are left out. What a change reaches comes first (tools/sanitize.py knows since when); what the
minutes were too short for is counted at the end and is no failure. Standard library only.
"""
import argparse
import json
import math
import os
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sanitize
import tidy

ROOT = Path(__file__).resolve().parent.parent
CLANG = ["clang++-19", "-fsyntax-only", "-std=c++20", "-Wthread-safety", "-Werror=thread-safety"]
LOCKS = "base/mutex.h"
HARNESSES = "tests/fuzz/"
FOR_CARDS = "src/gpu/source/"  # kernels: which words they are written in, their includer chooses
TAKES_A_WORD = {"-isystem", "-I", "-D"}


def flags_of(command: str) -> list[str]:
    """The folders and definitions of a compiler's command."""
    words = shlex.split(command)
    flags = []
    for word, following in zip(words, words[1:] + [""]):
        if word in TAKES_A_WORD:
            flags.append(f"{word} {following}" if word == "-isystem" else word + following)
        elif word.startswith(("-I", "-D")):
            flags.append(word)
    return flags


def room_of(path: Path) -> str:
    """`src/http` for all below it; `tests` is one."""
    parts = path.parts
    return "/".join(parts[:2]) if parts[0] == "src" else parts[0]


def read_flags(build: Path) -> dict[str, list[str]]:
    """room -> the flags of all its files."""
    rooms: dict[str, dict[str, None]] = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if file.is_relative_to(ROOT):
            rooms.setdefault(room_of(file.relative_to(ROOT)), {}).update(dict.fromkeys(flags_of(entry["command"])))
    return {room: [word for flag in flags for word in flag.split(" ", 1)] for room, flags in rooms.items()}


def reaching(files: set[str], includes: dict[str, set[str]]) -> set[str]:
    """These and the files that include them, directly or through others. All names are as they are included."""
    found: set[str] = set()
    fresh = files
    while fresh:
        found |= fresh
        fresh = {file for file, named in includes.items() if named & fresh} - found
    return found


def read_tree(changed: list[str]) -> tuple[list[str], list[str]]:
    """(headers with a guard, sources that reach the locks or fuzz), as paths below the root, first what `changed`
    reaches."""
    paths = sorted(path for folder in ("src", "tests") for path in (ROOT / folder).rglob("*"))
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths if path.suffix in (".h", ".cc")}
    includes = {include_name(path): {match[2] for match in tidy.INCLUDE.finditer(text)} for path, text in texts.items()}
    locking = reaching({LOCKS}, includes)
    touched = reaching({include_name(path) for path in changed if path in texts}, includes)
    ordered = sorted(texts, key=lambda path: include_name(path) not in touched)  # which keeps the order within both
    headers = [path for path in ordered if path.endswith(".h") and not path.startswith(FOR_CARDS)
               and re.search(r"^#pragma once$", texts[path], re.MULTILINE)]
    return headers, [path for path in ordered if path.endswith(".cc")
                     and (include_name(path) in locking or path.startswith(HARNESSES))]


def include_name(path: str) -> str:
    return path.split("/", 1)[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="a configured build folder")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=math.inf)
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    flags = read_flags(arguments.build)
    base = sanitize.find_base()
    headers, sources = read_tree(sanitize.git("diff", "--name-only", base).splitlines() if base else [])

    def is_right(path: str) -> bool | None:
        if time.monotonic() >= end:
            return None
        room = room_of(Path(path))
        common = [*CLANG, *flags[room], f"-I{ROOT / 'tests'}"]
        text = f'#include "{include_name(path)}"\n' * 2
        if path.endswith(".h"):
            done = subprocess.run([*common, "-x", "c++", "-"], input=text, cwd=ROOT, capture_output=True, text=True)
        else:
            done = subprocess.run([*common, path], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"syntax: {path}\n{done.stderr[-4000:]}", file=sys.stderr)
        return done.returncode == 0

    paths = sources + headers
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = dict(zip(paths, pool.map(is_right, paths)))
    wrong = [path for path, right in results.items() if right is False]
    left = sum(right is None for right in results.values())
    if left:
        print(f"syntax: NOT CHECKED, {arguments.minutes:g} minutes were over: {left} of {len(paths)} files")
    print(f"syntax: {len(sources)} files with locks or harnesses, {len(headers)} headers alone: "
          + (f"{len(wrong)} wrong: {' '.join(wrong)}" if wrong else "clean" if not left else "clean as far as checked"))
    return 1 if wrong or not headers or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
