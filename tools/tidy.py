#!/usr/bin/env python3
"""Checks that the source keeps to the house rules. Exits 1 and names file, line and rule when it does not.

  tools/tidy.py [--build BUILD_DIR]

The rules: the rooms table of docs/ARCHITECTURE.md (includes, CMake links, what is named through a room's namespace),
its list of namespaces, internal headers, what is for tests named so, every source file built, no vague file names,
third-party headers only where they belong, no `using namespace`, no slow or global headers. With --build also the
object rule: what is compiled for one ISA must not leave anything the linker could merge into portable code.
Ends with the sizes of the rooms. Standard library only.
"""
import argparse
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePath

LINES_MAX = 400  # above this a file is named in the report; it is an alarm, not an error
SUFFIXES = {".cc", ".h"}
BANNED_WORDS = {"util", "utils", "helper", "helpers", "common", "misc", "impl", "stuff"}
BANNED_NAME = re.compile(r"^new_|manager\d+$")
STANDARD_HEADER = re.compile(r"^[a-z_0-9]+$")  # <vector>, <cstdint>: no dot, no folder
# Headers that .h files may include beside the standard's: the system's, and fmt's small one for message templates.
HEADER_IN_HEADER = re.compile(r"^fmt/core\.h$|^(sys/|netinet/|arpa/|linux/)|^(unistd|fcntl|signal|pthread|sched|errno|dlfcn|poll|time)\.h$")

# Header pattern, where it may be included ("folder" or "folder/file"), why.
FENCED_HEADERS = [
    (re.compile(r"^boost/"), ("http",), "Boost is hidden behind src/http"),
    (re.compile(r"^simdjson"), ("base/json.cc",), "JSON is read through base/json.h"),
    (re.compile(r"^curl/"), ("hub/curl_library.h", "hub/web_session.cc"), "the web is spoken to through hub/web_session.h"),
    (re.compile(r"^openssl/"), ("hub/digest.cc",), "digests are made through hub/digest.h"),
    (re.compile(r"^sodium"), ("base/keyed_hash.cc",), "keyed hashes are made through base/keyed_hash.h"),
    (re.compile(r"^(\w*intrin|cpuid|arm_neon|arm_sve)\.h$"), ("kernels",), "instructions are named in src/kernels only"),
    (re.compile(r"^iostream$"), (), "it costs start-up time; use fmt"),
    (re.compile(r"^regex$"), (), "it is slow and can overflow the stack; use PCRE2"),
]
GETENV_FOLDERS = {"base", "apps", "gpu"}  # gpu: what a driver reads itself, and the emulator

LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\s\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


@dataclass
class Report:
    errors: list[str] = field(default_factory=list)

    def add(self, place, line: int, text: str) -> None:
        self.errors.append(f"{place}:{line}: {text}" if line else f"{place}: {text}")


def read_rooms(text: str) -> dict[str, set[str]]:
    """The rooms table: folder -> folders it may include, itself among them."""
    rooms: dict[str, set[str]] = {}
    everything = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 4 or not re.fullmatch(r"`\w+`", cells[1]):
            continue
        folder = cells[1].strip("`")
        if cells[3] == "everything":
            everything.append(folder)
        rooms[folder] = {folder} | (set() if cells[3] == "everything" else set(cells[3].replace("`", "").split()))
    for folder in everything:
        rooms[folder] = set(rooms)
    return rooms


def read_namespaces(text: str) -> set[str]:
    """The rooms with a namespace of their own: those named in the sentence that says so."""
    sentence = re.search(r"[^.]*\bnamespace of their own\b", text)
    return set(re.findall(r"`(\w+)`", sentence.group())) - {"estoc"} if sentence else set()


def blank(text: str) -> str:
    """The code with comments and literals blanked; lines keep their numbers."""
    return LITERAL_OR_COMMENT.sub(lambda match: "\n" * match.group().count("\n") or " ", text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def check_table(rooms: dict[str, set[str]], report: Report) -> None:
    """Every named folder exists in the table, and no two rooms may include each other."""
    for folder, allowed in rooms.items():
        for other in sorted(allowed - {folder}):
            if other not in rooms:
                report.add("docs/ARCHITECTURE.md", 0, f"room '{folder}' may include '{other}', which is no room")
            elif folder in rooms[other]:
                report.add("docs/ARCHITECTURE.md", 0, f"rooms '{folder}' and '{other}' may include each other")


def is_test(place: str) -> bool:
    """A test, or a header of tests only. Tests may use whatever is linked below their room, and the environment."""
    return place.endswith("_test.cc") or Path(place).name.startswith("test_")


def below(folder: str, rooms: dict[str, set[str]]) -> set[str]:
    """Everything the room may include, directly or through others."""
    found: set[str] = set()
    waiting = [folder]
    while waiting:
        room = waiting.pop()
        if room in rooms and room not in found:
            found.add(room)
            waiting += rooms[room]
    return found


def is_internal(header: str, text: str) -> bool:
    """Whether the header's opening comment has a line that gives it to its room alone."""
    opening = text.split("#pragma once")[0]
    return re.search(rf"^// Internal to {header.split('/')[0]}/\.$", opening, re.MULTILINE) is not None


def check_includes(place: str, folder: str, text: str, rooms: dict[str, set[str]], report: Report,
                   internal: frozenset[str] = frozenset()) -> None:
    """`place` is the path below src/. `folder` is empty outside the rooms, where only the fences count. `internal` are
    the headers that only their own room includes."""
    allowed_rooms = below(folder, rooms) if is_test(place) else rooms.get(folder, set())
    for match in INCLUDE.finditer(text):
        bracket, header = match.groups()
        line = line_of(text, match.start(1))
        target = header.split("/")[0]
        if bracket == '"':
            if not folder and target == PurePath(place).parent.name:
                continue  # what a folder of tests shares
            if target not in rooms or "/" not in header:
                report.add(place, line, f'"{header}" is not of the form "room/file.h"')
            elif folder and target not in allowed_rooms:
                report.add(place, line, f'"{header}": room \'{folder}\' may not include \'{target}\'')
            elif header in internal and target != folder:
                report.add(place, line, f'"{header}" is internal to its room')
            elif folder and is_test(header) and not is_test(place):
                report.add(place, line, f'"{header}" is for tests')
            continue
        fence = next((fence for fence in FENCED_HEADERS if fence[0].search(header)), None)
        may = fence[1] if fence else ()
        if is_test(place) and "kernels" in may:
            may += ("quant",)  # its tests ask the hardware for the right answer
        if fence and not any(place == allowed or place.startswith(allowed + "/") for allowed in may):
            report.add(place, line, f"<{header}>: {fence[2]}")
        elif folder and place.endswith(".h") and not is_test(place) and not fence and not (
                STANDARD_HEADER.match(header) or HEADER_IN_HEADER.match(header)):
            report.add(place, line, f"<{header}>: third-party headers belong in .cc files")


def check_namespaces(place: str, folder: str, text: str, own: set[str], report: Report) -> None:
    """A room with a namespace of its own has all its files in it, and nobody else is. Names may be declared ahead
    elsewhere (`class ThreadTeam;`), and a namespace may have parts."""
    code = blank(text)
    expected = f"estoc::{folder}" if folder in own else "estoc"
    for match in re.finditer(r"^(?:inline )?namespace ([\w:]+) \{(.*?)^\}", code, re.MULTILINE | re.DOTALL):
        name, body = match.groups()
        if re.fullmatch(r"(\s*(class|struct|enum class) \w+;)*\s*", body):
            continue
        room = name.split("::")[1] if "::" in name else ""
        if name.split("::")[0] != "estoc" or (room if room in own else "") != (folder if folder in own else ""):
            report.add(place, line_of(code, match.start()), f"namespace {name}, where room '{folder}' has {expected}")


def check_uses(place: str, folder: str, text: str, rooms: dict[str, set[str]], own: set[str], report: Report) -> None:
    """What a room may not include it may not use either, though headers in between bring it in: `word::` of the rooms
    that have a namespace."""
    code = blank(text)
    allowed = below(folder, rooms) if is_test(place) else rooms.get(folder, set())
    for word in sorted(own - allowed):
        for match in re.finditer(rf"(?<![\w:]){word}::|\bestoc::{word}::", code):
            report.add(place, line_of(code, match.start()), f"{word}::, and room '{folder}' may not include '{word}'")


def check_code(place: str, folder: str, text: str, report: Report) -> None:
    code = blank(text)
    rules = [(r"\busing\s+namespace\b", "no `using namespace`")]
    if folder not in GETENV_FOLDERS and not is_test(place):
        rules.append((r"\bgetenv\s*\(", f"the environment is read in {', '.join(sorted(GETENV_FOLDERS))} only"))
    for pattern, text_of_rule in rules:
        for match in re.finditer(pattern, code):
            report.add(place, line_of(code, match.start()), text_of_rule)
    # A header that is a piece of its includer ("Included inside the anonymous namespace of ...") has no guard.
    is_piece = folder == "kernels" and re.search(r"^//.*\bIncluded inside\b", text, re.MULTILINE)
    if place.endswith(".h") and not is_piece and not re.search(r"^#pragma once$", text, re.MULTILINE):
        report.add(place, 1, "the header lacks #pragma once")
    check_todo(place, text, report)


def check_todo(place: str, text: str, report: Report) -> None:
    for match in re.finditer(r"\b(TODO|FIXME|XXX)\b(?!\((#\d+|[a-z][\w.-]*)\))", text):
        report.add(place, line_of(text, match.start()), f"{match.group(1)} without a name or an issue number")


def check_name(place: str, report: Report) -> None:
    """Neither the file nor a folder on its way has a name that says nothing."""
    for part in Path(place).with_suffix("").parts:
        words = set(part.lower().split("_")) & BANNED_WORDS
        if words or BANNED_NAME.search(part):
            report.add(place, 0, f"'{part}' does not say what is inside")


def cmake_arguments(text: str) -> dict[str, list[str]]:
    """The keyword lists of the folder's estoc_folder(...) call; empty when there is none."""
    call = re.search(r"\bestoc_folder\s*\((.*?)\)", re.sub(r"#[^\n]*", "", text), re.DOTALL)
    lists: dict[str, list[str]] = {}
    keyword = ""
    for word in call.group(1).split() if call else []:
        if word in ("SOURCES", "LINKS", "PRIVATE", "TESTS"):
            keyword = word
            lists.setdefault(keyword, [])
        elif keyword:
            lists[keyword].append(word)
    return lists


def check_cmake(room: Path, rooms: dict[str, set[str]], report: Report) -> None:
    sources = sorted(path for path in room.rglob("*.cc"))
    listing = room / "CMakeLists.txt"
    place = f"{room.name}/CMakeLists.txt"
    if not listing.is_file():
        if sources:
            report.add(place, 0, f"is missing, so {len(sources)} source files are not built")
        return
    text = listing.read_text()
    lists = cmake_arguments(text)
    for keyword, tests in (("SOURCES", False), ("TESTS", True)):
        for name in lists.get(keyword, []):
            if name.endswith(".cc") and is_test(name) != tests:
                report.add(place, 0, f"{name} is among the {keyword}, and is {'not ' if tests else ''}named as a test")
    for link in lists.get("LINKS", []):
        if link not in rooms[room.name]:
            report.add(place, 0, f"LINKS {link}: room '{room.name}' may not use it")
    for source in sources:
        name = source.relative_to(room).as_posix()
        if not re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", text):
            report.add(place, 0, f"{name} is not named, so it is not built")


def check_symbols(place: str, listing: str, report: Report) -> None:
    """`listing` is what nm prints for one object of src/kernels/isa.

    Weak and unique symbols are merged by name at link time: an inline function compiled here for AVX-512 could become
    the one copy everybody runs. Static initializers would run on CPUs without the ISA. One exported table is all that
    may come out.
    """
    exported = []
    for line in listing.splitlines():
        kind, name = line.split()[-2:] if len(line.split()) > 1 else ("", "")
        if name == "DW.ref.__gxx_personality_v0":  # a pointer every position-independent object has; no code
            continue
        if kind in ("W", "V", "u"):
            report.add(place, 0, f"mergeable symbol ({kind}) {name}")
        elif "_GLOBAL__sub_I" in name:
            report.add(place, 0, f"static initializer {name}")
        elif kind in ("D", "R", "B", "T"):
            exported.append(name)
    if len(exported) != 1:
        report.add(place, 0, f"exports {len(exported)} symbols, expected one table: {', '.join(exported) or 'none'}")


def check_objects(root: Path, build: Path, report: Report) -> str:
    """Runs nm over the ISA objects of `build`; returns one line for the summary."""
    sources = sorted((root / "src/kernels/isa").glob("*.cc"))
    cache = build / "CMakeCache.txt"
    if not sources:
        return "no files in src/kernels/isa"
    if not cache.is_file():
        report.add(build, 0, "is not a build folder")
        return "not checked"
    if re.search(r"^ESTOC_SANITIZE:\w+=.+$", cache.read_text(), re.MULTILINE):
        return "SKIPPED (a sanitizer adds symbols of its own)"
    commands = build / "compile_commands.json"
    built = commands.read_text() if commands.is_file() else None
    count = 0
    for source in sources:
        if built is not None and f"/isa/{source.name}" not in built:
            continue  # of another architecture than the build's
        objects = [path for path in build.glob(f"src/kernels/**/isa/{source.name}.o")]
        if not objects:
            report.add(f"kernels/isa/{source.name}", 0, f"has no object in {build}: build first, then check")
        for object_file in objects:
            count += 1
            run = subprocess.run(["nm", str(object_file)], capture_output=True, text=True)
            if run.returncode != 0:
                report.add(object_file, 0, f"nm failed: {run.stderr.strip()}")
            else:
                check_symbols(f"kernels/isa/{source.name}", run.stdout, report)
    return f"{count} checked"


def check_tree(root: Path, report: Report) -> tuple[dict[str, set[str]], dict[str, int]]:
    """All rules about text; returns the rooms and the lines of every file below src/."""
    architecture = (root / "docs/ARCHITECTURE.md").read_text()
    rooms, own = read_rooms(architecture), read_namespaces(architecture)
    if not rooms:
        report.add("docs/ARCHITECTURE.md", 0, "the rooms table was not found")
    for room in sorted(own - set(rooms)) if own else [""]:
        report.add("docs/ARCHITECTURE.md", 0, f"'{room}' has a namespace and is no room" if room else
                   "the sentence on rooms with a namespace of their own was not found")
    check_table(rooms, report)
    lines: dict[str, int] = {}
    headers = {path.relative_to(root / "src").as_posix(): path.read_text() for path in (root / "src").rglob("*.h")}
    internal = frozenset(header for header, text in headers.items() if is_internal(header, text))
    for path in sorted(path for path in (root / "src").rglob("*") if path.suffix in SUFFIXES):
        place = path.relative_to(root / "src").as_posix()
        folder = place.split("/")[0]
        text = path.read_text()
        lines[place] = len(text.splitlines())
        check_name(place, report)
        if folder not in rooms or "/" not in place:
            report.add(place, 0, "is in no room of docs/ARCHITECTURE.md")
            continue
        check_includes(place, folder, text, rooms, report, internal)
        check_namespaces(place, folder, text, own, report)
        check_uses(place, folder, text, rooms, own, report)
        check_code(place, folder, text, report)
    for room in sorted(path for path in (root / "src").iterdir() if path.is_dir() and path.name in rooms):
        check_cmake(room, rooms, report)
    for path in sorted((root / "tests").rglob("*.cc")):
        place = path.relative_to(root).as_posix()
        check_name(place, report)
        check_includes(place, "", path.read_text(), rooms, report, internal)
        check_code(place, "base", path.read_text(), report)
    for pattern in ("CMakeLists.txt", "cmake/*.cmake", "src/*/CMakeLists.txt", "tests/**/CMakeLists.txt"):
        for path in sorted(root.glob(pattern)):
            check_todo(path.relative_to(root).as_posix(), path.read_text(), report)
    return rooms, lines


def print_sizes(rooms: dict[str, set[str]], lines: dict[str, int]) -> None:
    print(f"{'room':<12}{'files':>6}{'lines':>8}{'of tests':>10}")
    for folder in rooms:
        own = {place: count for place, count in lines.items() if place.startswith(folder + "/")}
        tests = sum(count for place, count in own.items() if place.endswith("_test.cc"))
        print(f"{folder:<12}{len(own):>6}{sum(own.values()):>8}{tests:>10}")
    print(f"{'total':<12}{len(lines):>6}{sum(lines.values()):>8}"
          f"{sum(count for place, count in lines.items() if place.endswith('_test.cc')):>10}")
    for place, count in sorted(lines.items(), key=lambda item: -item[1]):
        if count > LINES_MAX:
            print(f"over {LINES_MAX} lines: {place} ({count})")
    if lines:
        longest = max(lines, key=lines.get)
        print(f"longest file: {longest} ({lines[longest]} lines)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, help="build folder whose ISA objects are checked")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    report = Report()
    rooms, lines = check_tree(arguments.root, report)
    objects = check_objects(arguments.root, arguments.build, report) if arguments.build else "not asked for (--build)"
    print_sizes(rooms, lines)
    print(f"ISA objects: {objects}")
    for error in report.errors:
        print(f"tidy: {error}", file=sys.stderr)
    print(f"tidy: {len(report.errors)} findings" if report.errors else "tidy: clean")
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
