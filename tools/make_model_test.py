#!/usr/bin/env python3
"""Tests of make_model.py's progress: what a terminal shows and what a log file gets."""
import io
import unittest

import make_model


class Stream(io.StringIO):
    def __init__(self, is_terminal: bool):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def written(is_terminal: bool, seconds: int) -> str:
    """What 100 MB a second leave behind, told of 32 times a second."""
    now = 0.0
    stream = Stream(is_terminal)
    progress = make_model.Progress(seconds * 100_000_000, stream, lambda: now)
    for step in range(1, 32 * seconds + 1):
        now = step / 32
        progress.show(step * 3_125_000)
    progress.end()
    return stream.getvalue()


class Progress(unittest.TestCase):
    def test_a_file_gets_a_line_every_few_seconds(self):
        self.assertEqual(written(False, 12), "make_model: 500 of 1,200 MB, 100 MB/s\n"
                                             "make_model: 1,000 of 1,200 MB, 100 MB/s\n")

    def test_what_is_done_soon_says_nothing(self):
        self.assertEqual(written(False, 3), "")

    def test_a_terminal_gets_one_line_that_is_written_over_and_wiped(self):
        text = written(True, 2)
        self.assertNotIn("\n", text)
        lines = text.split("\r\033[K")
        self.assertEqual(len(lines), 1 + 16 + 1, "eight a second")
        self.assertEqual((lines[0], lines[-1]), ("", ""))
        self.assertIn("make_model: 100 of 200 MB, 100 MB/s", lines)


if __name__ == "__main__":
    unittest.main()
