"""The short soak: what tests/soak.py does in ten minutes, in twenty seconds."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import soak  # noqa: E402


@pytest.mark.timing
def test_nothing_is_left_of_random_clients(tmp_path):
    arguments = soak.parse_arguments(["--seconds", "20", "--seed", "1"])
    problems = soak.soak(arguments, tmp_path / "log")
    assert not problems, "\n".join(problems)


def test_growth_is_that_of_the_second_half():
    rising = [(float(second), 100.0 + 3 * max(0, second - 50)) for second in range(100)]
    assert abs(soak.growth(rising) - 3 * 49) < 1e-6
    settled = [(float(second), 100.0 + min(second, 50)) for second in range(101)]
    assert abs(soak.growth(settled)) < 1e-6
