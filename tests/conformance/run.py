#!/usr/bin/env python3
"""Compares with the data in ../shared (or $ESTOC_SHARED): what `make conformance` runs.

  tests/conformance/run.py --build BUILD_DIR --python PYTHON

The unit tests of this folder, then test_*.py under pytest, then every other script here by itself; a script is given
ESTOC_BUILD and ESTOC_SHARED in the environment, prints lines that begin with "skipped" for what it had to leave out, and
ends with 0 unless something differs. What was left out is named at the end. Without the data nothing is run; everything
is named as skipped, and that is no failure. PYTHON has the packages of requirements.txt. Standard library only.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
UNIT_TESTS = ("conformance_test", "grammar_conformance_test")


def programs(build: Path, python: str) -> dict[str, list]:
    """Name -> command; unit tests first."""
    found = {**{name: [build / "tests" / "conformance" / name] for name in UNIT_TESTS},
             "pytest": [python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", HERE]}
    for script in sorted(HERE.glob("*.py")):
        if script.name not in ("run.py", "conftest.py") and not script.name.startswith("test_"):
            found[script.name] = [python, script]
    return found


def skipped(output: str) -> list[str]:
    """What a program says it left out: by GoogleTest, by pytest, by a script."""
    left_out, reason = [], ""
    for line in map(str.strip, output.splitlines()):
        if match := re.match(r"\[  SKIPPED \] ([\w./]+) \(\d+ ms\)$", line):
            left_out.append(f"{match[1]} ({reason})")
        elif re.match(r"(?i)skipped\b", line):
            left_out.append(line)
        reason = line or reason
    return left_out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    shared = Path(os.environ.get("ESTOC_SHARED", ROOT.parent / "shared")).resolve()
    left_out, failed = [], []
    commands = programs(build, os.path.abspath(arguments.python))
    if not (shared / "data").is_dir():
        left_out = [f"{name} (no {shared / 'data'})" for name in commands]
        commands = {}
    else:
        code = subprocess.run(["cmake", "--build", build, "--target", *UNIT_TESTS, "jinja_renderer",
                               "text_encoder", "tokenizer_encoder"]).returncode
        if code != 0:
            print("conformance: the unit tests could not be built", file=sys.stderr)
            return 1
    environment = {**os.environ, "ESTOC_SHARED": str(shared), "ESTOC_BUILD": str(build)}
    for name, command in commands.items():
        print(f"== {name}", flush=True)
        run = subprocess.run(list(map(str, command)), cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        print(run.stdout, end="", flush=True)
        left_out += [f"{name}: {what}" for what in skipped(run.stdout)]
        if run.returncode != 0:
            failed.append(name)
    for what in left_out:
        print(f"conformance: SKIPPED {what}")
    print(f"conformance: {len(commands) - len(failed)} programs passed, {len(failed)} failed {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
