#!/usr/bin/env python3
"""Changes one token of the product at a time and looks whether a unit test notices. What nobody notices is a gap.

  tools/mutate.py --rooms kv engine --count 40 [--seed 1]
  tools/mutate.py --at src/kv/block_pool.cc:13 ...      every mutant of these lines
  tools/mutate.py --again                 once more those that survived, after tests were written
  tools/mutate.py --report                what is known so far

Works in a copy of the tree (build/mutate/tree, a build folder beside it), so that the checkout is never dirty. Of each
mutant the changed file is compiled, then the tests of its room run, then those of the rooms above it by the table in
docs/ARCHITECTURE.md, nearest first, until one fails. A test that takes far longer than it did without the change has
failed, and so has one that reads outside of a vector or a span. A mutant that does not compile does not count: another
takes its place. Results are kept in build/mutate/results.jsonl: a run that was cut off is taken up by the same command.
tools/mutants_equal.txt lists the mutants that behave like the original, and why; they are left out. The same seed and
the same source give the same mutants. Standard library only.
"""
import argparse
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sanitize
import tidy

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutate"
TREE, BUILD, RESULTS = WORK / "tree", WORK / "build", WORK / "results.jsonl"
EQUAL = ROOT / "tools" / "mutants_equal.txt"
FOLLOWING = 12.0, 30.0  # a test may take so many times its usual time, and so many seconds more

# Pattern (of code without comments and literals), replacement, what it is. clang-format puts blanks around operators
# and none around template brackets, references and pointers; that tells them apart.
RULES = [(re.compile(pattern), replacement, kind) for pattern, replacement, kind in [
    (r"(?<= )<(?= )", "<=", "comparison"), (r"(?<= )<=(?= )", "<", "comparison"),
    (r"(?<= )>(?= )", ">=", "comparison"), (r"(?<= )>=(?= )", ">", "comparison"),
    (r"(?<= )==(?= )", "!=", "comparison"), (r"(?<= )!=(?= )", "==", "comparison"),
    (r"(?<= )\+(?= )", "-", "sign"), (r"(?<= )-(?= )", "+", "sign"), (r"(?<= )/(?= )", "*", "sign"),
    (r"(?<= )\*(?= )", "/", "sign"), (r"(?<= )\+=(?= )", "-=", "sign"), (r"(?<= )-=(?= )", "+=", "sign"),
    (r"(?<=[ (=])-(?=[a-z(])", "", "sign"),
    (r"(?<= )&&(?= )", "||", "and, or"), (r"(?<= )\|\|(?= )", "&&", "and, or"), (r"(?<=[ (])!(?=[a-z(])", "", "not"),
    (r"\bstd::min\b", "std::max", "min, max"), (r"\bstd::max\b", "std::min", "min, max"),
    (r"\btrue\b", "false", "true, false"), (r"\bfalse\b", "true", "true, false"),
    (r"(?<![\w.'])0(?![\w.'])", "1", "off by one"), (r"(?<![\w.'])1(?![\w.'])", "2", "off by one"),
    (r"(?<![\w.'])([2-9]|[1-9]\d+)(?![\w.'])", lambda match: str(int(match.group()) + 1), "off by one"),
    (r"\+\+(?=\w)", "--", "++, --"), (r"--(?=\w)", "++", "++, --"), (r"\bcontinue;", "break;", "continue, break"),
    # A whole line that is a call or an assignment.
    (r"(?m)^(?<= )[a-z_][\w.\[\]]*(?:(?:->|\.)[a-z_]\w*)*\((?:[^;{}\n]*)\);$", ";", "call removed"),
    (r"(?m)(?<=  )(?<!\w)(?!return\b|using\b|const\b|auto\b)[a-z_][\w.\[\]>-]*\([^;{}\n]*\);(?=\n)", ";", "call removed"),
    (r"(?m)(?<=  )[a-z_][\w.\[\]>-]* = [^;{}\n]+;(?=\n)", ";", "assignment removed"),
]]
# Functions that only tests call, to find what is wrong.
CHECKING = re.compile(r"^\w[^\n;]*::check_integrity\([^{;]*\{\n.*?^\}$", re.MULTILINE | re.DOTALL)
# Lines whose mutants say nothing: what is for the compiler, for people, or only for speed.
DULL = re.compile(r"^\s*(#|static_assert|namespace|using |template|case .*:$)|ESTOC_D?CHECK|\blog_\w+\(|\breserve\(|"
                  r"\bnoexcept\b|\boperator\b|alignas|__builtin|prefetch|default_delete|= default|= delete")


@dataclass(frozen=True)
class Mutant:
    path: str  # below the root
    line: int
    kind: str
    before: str  # the line, without its blanks at both ends
    after: str
    begin: int  # of what is replaced, in the file
    end: int
    text: str  # what replaces it

    @property
    def key(self) -> str:
        return hashlib.sha1(f"{self.path}\n{self.before}\n{self.after}".encode()).hexdigest()[:12]

    @property
    def room(self) -> str:
        return self.path.split("/")[1]


def blank(text: str) -> str:
    """The code with comments and literals blanked; everything keeps its place."""
    def blanked(match: re.Match) -> str:
        return re.sub(r"[^\n]", " ", match.group()) if match.group().startswith("/") else re.sub(r"[^\n]", "_", match.group())
    return tidy.LITERAL_OR_COMMENT.sub(blanked, text)


def mutants_of(path: str, text: str) -> list[Mutant]:
    code = blank(text)
    starts = [0] + [match.end() for match in re.finditer("\n", code)]
    lines = text.split("\n")
    checking = [match.span() for match in CHECKING.finditer(code)]
    found = {}
    for pattern, replacement, kind in RULES:
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start())
            if DULL.search(code[starts[line]:].split("\n", 1)[0]) or DULL.search(lines[line]):
                continue
            if any(begin <= match.start() < end for begin, end in checking):
                continue
            if kind == "sign" and '"' in (text[match.end():match.end() + 2] + text[max(0, match.start() - 2):match.start()]):
                continue  # strings are joined
            new = replacement(match) if callable(replacement) else replacement
            at = match.start() - starts[line]
            after = lines[line][:at] + new + lines[line][at + len(match.group()):]
            mutant = Mutant(path, line + 1, kind, lines[line].strip(), after.strip(), match.start(), match.end(), new)
            found.setdefault((mutant.key, match.start()), mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.begin, mutant.after))


def read_equal(text: str) -> dict[tuple[str, str, str], str]:
    """(path, line before, line after) -> why they behave the same. Blocks of four lines: path, - line, + line, reason."""
    equal = {}
    block: list[str] = []
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if line.strip():
            block.append(line.strip())
        elif block:
            if len(block) != 4 or block[1][:2] != "- " or block[2][:2] not in ("+ ", "+"):
                raise SystemExit(f"mutate: {EQUAL.name}: a block is a path, a line with -, one with +, and a reason: {block}")
            equal[block[0], block[1][2:].strip(), block[2][1:].strip()] = block[3]
            block = []
    return equal


def choose(rooms: list[str], seed: int) -> list[Mutant]:
    """Mutants in turn from each room, at random, at most one of a line: as many as there are."""
    equal = read_equal(EQUAL.read_text() if EQUAL.is_file() else "")
    queues = []
    for room in rooms:
        mutants = []
        tests = tidy.cmake_arguments((ROOT / "src" / room / "CMakeLists.txt").read_text()).get("TESTS", [])
        for path in sorted((ROOT / "src" / room).rglob("*.cc")):
            place = path.relative_to(ROOT).as_posix()
            if not tidy.is_test(place) and path.name not in tests:
                mutants += mutants_of(place, path.read_text())
        random.Random(f"{seed} {room}").shuffle(mutants)
        taken = set()
        queues.append([mutant for mutant in mutants
                       if (mutant.path, mutant.before, mutant.after) not in equal
                       and (mutant.path, mutant.line) not in taken and not taken.add((mutant.path, mutant.line))])
    rounds = itertools.zip_longest(*queues)
    return [mutant for one_each in rounds for mutant in one_each if mutant is not None]


def choose_at(places: list[str]) -> list[Mutant]:
    chosen = []
    for place in places:
        path, line = place.rsplit(":", 1)
        chosen += [mutant for mutant in mutants_of(path, (ROOT / path).read_text()) if mutant.line == int(line)]
    return chosen


def update_tree() -> None:
    """Makes the copy what the checkout is; files that are the same keep their times, and so their objects."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True,
                            text=True).stdout.splitlines()
    wanted = {name for name in listed if (ROOT / name).is_file()}
    for name in sorted(wanted):
        source, target = ROOT / name, TREE / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for path in TREE.rglob("*"):
        if path.is_file() and path.relative_to(TREE).as_posix() not in wanted:
            path.unlink()


def configure() -> None:
    linker = next((name for name in ("mold", "lld") if shutil.which(name) or shutil.which(f"ld.{name}")), "")
    # The sanitizers, under which the same tests run elsewhere, take too long here; the library's assertions cost nothing.
    flags = "-O1 -g0 -D_GLIBCXX_ASSERTIONS"
    subprocess.run(["cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                    f"-DCMAKE_CXX_FLAGS_DEBUG={flags}",
                    f"-DCMAKE_EXE_LINKER_FLAGS={f'-fuse-ld={linker}' if linker else ''}"], check=True, stdout=subprocess.DEVNULL)


def build(target: str, jobs: int) -> bool:
    log = WORK / "build.log"
    with log.open("wb") as output:
        return subprocess.run(["ninja", "-C", BUILD, "-j", str(jobs), target], stdout=output, stderr=output).returncode == 0


def run_tests(room: str, seconds: float) -> tuple[str, str]:
    """("passed" or "failed" or "timeout", the first test that failed)."""
    folder = BUILD / "tests" if room == sanitize.SIMULATION else BUILD / "src" / room
    environment = {**os.environ, "ESTOC_CACHE": str(WORK / "no-cache"), "ESTOC_SHARED": str(WORK / "no-shared")}
    log = WORK / "test.log"
    with log.open("wb") as output:
        code = sanitize.Deadline(seconds / 60).run([str(folder / f"{room}_test"), "--gtest_brief=1", "--gtest_fail_fast"],
                                                   cwd=TREE, env=environment, stdout=output, stderr=output)
    if code == 0:
        return "passed", ""
    failed = re.search(r"^\[  FAILED  \] ([\w./]+)", log.read_text(errors="replace"), re.MULTILINE)
    return "timeout" if code is None else "failed", failed.group(1) if failed else f"exit code {code}"


class Judge:
    """Knows how long each room's tests take when nothing is changed, and which rooms can see a mutant."""

    def __init__(self, jobs: int, reach: int):
        self.jobs = jobs
        self.reach = reach
        self.rooms = sanitize.read_rooms()
        self.usual: dict[str, float | None] = {}  # nothing for those that fail without any change

    def seers(self, mutant: Mutant) -> list[str]:
        near = [room for distance, room in sanitize.order([mutant.path], self.rooms) if distance <= self.reach]
        return [room for room in near if room == sanitize.SIMULATION or list((ROOT / "src" / room).glob("*_test.cc"))]

    def seconds(self, room: str) -> float | None:
        if room not in self.usual:
            if not build(f"{room}_test", self.jobs):
                raise SystemExit(f"mutate: {room}_test does not build: {WORK / 'build.log'}")
            begin = time.monotonic()
            outcome, failed = run_tests(room, 1800)
            self.usual[room] = time.monotonic() - begin if outcome == "passed" else None
            print(f"mutate: {room}_test takes {self.usual[room]:.1f} s" if outcome == "passed" else
                  f"mutate: {room}_test FAILS WITHOUT ANY CHANGE and is left out: {failed}", flush=True)
        usual = self.usual[room]
        return None if usual is None else FOLLOWING[0] * usual + FOLLOWING[1]

    def judge(self, mutant: Mutant) -> dict:
        path = TREE / mutant.path
        original = path.read_text()
        changed = original[:mutant.begin] + mutant.text + original[mutant.end:]
        try:
            for room in self.seers(mutant):
                if room not in self.usual:
                    path.write_text(original)
                limit = self.seconds(room)
                if limit is None:
                    continue
                if path.read_text() != changed:
                    path.write_text(changed)
                if not build(f"{room}_test", self.jobs):
                    return {"outcome": "no program", "by": ""}
                outcome, failed = run_tests(room, limit)
                if outcome != "passed":
                    return {"outcome": "killed", "by": f"{room}: {failed}" + (" (timeout)" if outcome == "timeout" else "")}
            return {"outcome": "survived", "by": ""}
        finally:
            path.write_text(original)


def read_results() -> dict[str, dict]:
    """By key; what was written last counts."""
    lines = RESULTS.read_text().splitlines() if RESULTS.is_file() else []
    return {result["key"]: result for result in map(json.loads, lines)}


def leave_out_equal(results: Iterable[dict]) -> list[dict]:
    equal = read_equal(EQUAL.read_text() if EQUAL.is_file() else "")
    return [result for result in results if (result["path"], result["before"], result["after"]) not in equal]


def report(results: list[dict]) -> None:
    results = leave_out_equal(results)
    print(f"{'room':<12}{'tried':>7}{'killed':>8}{'survived':>10}{'rate':>8}")
    total = {"killed": 0, "survived": 0}
    for room in sorted({result["path"].split("/")[1] for result in results}) + ["total"]:
        count = {outcome: sum(result["outcome"] == outcome and result["path"].split("/")[1] == room for result in results)
                 for outcome in total} if room != "total" else total
        if room != "total":
            total = {outcome: total[outcome] + count[outcome] for outcome in total}
        tried = sum(count.values())
        print(f"{room:<12}{tried:>7}{count['killed']:>8}{count['survived']:>10}{count['killed'] / max(1, tried):>8.1%}")
    for result in sorted(results, key=lambda result: (result["path"], result["line"])):
        if result["outcome"] == "survived":
            print(f"{result['path']}:{result['line']}: ({result['kind']})\n- {result['before']}\n+ {result['after']}")
    print(f"left out: those that behave the same ({EQUAL.relative_to(ROOT)})")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", nargs="+", default=[], help="folders of src/")
    parser.add_argument("--count", type=int, default=20, help="how many mutants that compile, all rooms together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--reach", type=int, default=99, help="ask only rooms that are so many includes above (99)")
    parser.add_argument("--at", nargs="+", default=[], metavar="FILE:LINE", help="every mutant of these lines")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument("--report", action="store_true", help="only tell what is known")
    arguments = parser.parse_args()
    unknown = [room for room in arguments.rooms if not (ROOT / "src" / room).is_dir()]
    if unknown:
        parser.error(f"no such room: {' '.join(unknown)}")
    return arguments


def find_again(result: dict) -> Mutant | None:
    """The same change in the source as it is now."""
    path = ROOT / result["path"]
    mutants = mutants_of(result["path"], path.read_text()) if path.is_file() else []
    return next((mutant for mutant in mutants if mutant.key == result["key"]), None)


def main() -> int:
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was begun is undone
    known = read_results()
    if arguments.report:
        report(list(known.values()))
        return 0
    count = sys.maxsize
    if arguments.again:
        survivors = [result for result in leave_out_equal(known.values())
                     if result["outcome"] == "survived" and (not arguments.rooms or result["path"].split("/")[1] in arguments.rooms)]
        chosen = [mutant for mutant in map(find_again, survivors) if mutant]
        known = {}
    elif arguments.at:
        chosen = choose_at(arguments.at)
        known = {}
    else:
        chosen = choose(arguments.rooms, arguments.seed)
        count = arguments.count
    WORK.mkdir(parents=True, exist_ok=True)
    update_tree()
    configure()
    judge = Judge(arguments.jobs, arguments.reach)
    counted = 0
    for mutant in chosen:
        if counted == count:
            break
        if mutant.key in known:
            counted += known[mutant.key]["outcome"] != "no program"
            continue
        begin = time.monotonic()
        result = {"key": mutant.key, "path": mutant.path, "line": mutant.line, "kind": mutant.kind, "before": mutant.before,
                  "after": mutant.after, "seed": arguments.seed, **judge.judge(mutant)}
        with RESULTS.open("a") as output:
            output.write(json.dumps(result) + "\n")
        counted += result["outcome"] != "no program"
        print(f"[{counted}/{min(count, len(chosen))}] {result['outcome']} {mutant.path}:{mutant.line} ({mutant.kind})"
              f" {result['by']} {time.monotonic() - begin:.0f} s", flush=True)
        if result["outcome"] == "survived":
            print(f"  - {mutant.before}\n  + {mutant.after}", flush=True)
    report(list(read_results().values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
