#!/usr/bin/env python3
"""What clang says of the source without making code of it: every header alone, and which lock guards what.

  tools/syntax.py BUILD_DIR [--jobs N]

Every header with a guard is compiled as the only thing that a file includes, twice, so that none leans on what happens
to be included before it; a header without one is a piece of its includer (tools/tidy.py knows who may lack it). Then
every source file that reaches base/mutex.h is held against the annotations of base/thread_annotations.h: the others
have no lock to hold. BUILD_DIR is any configured build: its compile_commands.json says which folders and definitions a
room is compiled with. Kernels for GPUs are left out. Standard library only.
"""
import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tidy

ROOT = Path(__file__).resolve().parent.parent
CLANG = ["clang++-19", "-fsyntax-only", "-std=c++20", "-Wthread-safety", "-Werror=thread-safety"]
LOCKS = "base/mutex.h"
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


def reaching(header: str, includes: dict[str, set[str]]) -> set[str]:
    """The files that include `header`, directly or through others. All names are as they are included."""
    found: set[str] = set()
    fresh = {header}
    while fresh:
        found |= fresh
        fresh = {file for file, named in includes.items() if named & fresh} - found
    return found


def read_tree() -> tuple[list[str], list[str]]:
    """(headers with a guard, sources that reach the locks), as paths below the root."""
    paths = sorted(path for folder in ("src", "tests") for path in (ROOT / folder).rglob("*"))
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths if path.suffix in (".h", ".cc")}
    includes = {include_name(path): {match[2] for match in tidy.INCLUDE.finditer(text)} for path, text in texts.items()}
    locking = reaching(LOCKS, includes)
    headers = [path for path, text in texts.items() if path.endswith(".h") and not path.startswith(FOR_CARDS)
               and re.search(r"^#pragma once$", text, re.MULTILINE)]
    return headers, [path for path in texts if path.endswith(".cc") and include_name(path) in locking]


def include_name(path: str) -> str:
    return path.split("/", 1)[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="a configured build folder")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    flags = read_flags(arguments.build)
    headers, sources = read_tree()

    def is_right(path: str) -> bool:
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

    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = dict(zip(headers + sources, pool.map(is_right, headers + sources)))
    wrong = [path for path, right in results.items() if not right]
    print(f"syntax: {len(headers)} headers alone, locks of {len(sources)} files: "
          + (f"{len(wrong)} wrong: {' '.join(wrong)}" if wrong else "clean"))
    return 1 if wrong or not headers or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
