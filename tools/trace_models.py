#!/usr/bin/env python3
"""Every tiny checkpoint of tests/golden/models through `estoc trace` and transformers, layer by layer.

  python3 tools/trace_models.py [NAME...]        # in the environment of tests/golden/requirements.txt, after make build

Prints for each how far the place is that is furthest off, of the place's root mean square; exits with 1 when one is more
than 1e-3 off.
"""
import json
import subprocess
import sys
from pathlib import Path

import trace_transformers

HERE = Path(__file__).resolve().parent.parent
BINARY = HERE / "build" / "estoc"
MODELS = HERE / "tests" / "golden" / "models"
sys.path.insert(0, str(MODELS.parent))
import minicpm_reference  # noqa: E402, F401 (classes that transformers lacks)
TOLERANCE = 1e-3
PROMPT = "The sea in the morning is as old as the first of all the stones"


def main() -> int:
    wrong = 0
    for path in sorted(MODELS.iterdir()):
        if not path.is_dir() or (sys.argv[1:] and path.name not in sys.argv[1:]):
            continue
        context = json.loads((MODELS.parent / f"{path.name}.json").read_text()).get("context", 0)
        run = subprocess.run([BINARY, "trace", path, PROMPT, "--compute", "exact", "-o", "json", "--log-level", "off",
                              "--ctx", str(context)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            print(f"{path.name:28} {run.stderr.strip()}")
            wrong += 1
            continue
        furthest = max(trace_transformers.compare(path, json.loads(run.stdout)), key=lambda place: place.apart)
        is_wrong = not furthest.apart <= TOLERANCE
        wrong += is_wrong
        print(f"{path.name:28} {furthest.apart:.1e} at {furthest.name}{'  DIFFERS' if is_wrong else ''}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
