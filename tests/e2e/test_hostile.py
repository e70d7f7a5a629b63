"""A short volley of hostile bodies: what tests/hostile.py measures with 200 at once, without its times."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import hostile  # noqa: E402


def test_hostile_bodies_are_refused_within_the_memory(tmp_path):
    arguments = hostile.parse_arguments(["--model", "tiny", "--count", "42", "--tokens", "200", "--no-gaps"])
    problems = hostile.hostile(arguments, tmp_path / "log")
    assert not problems, "\n".join(problems)
