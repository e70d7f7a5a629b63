#!/usr/bin/env python3
"""Tests of sanitize.py: which rooms a change reaches, and in which order."""
import unittest

import sanitize

ROOMS = {"base": {"base"}, "kv": {"base", "kv"}, "chat": {"base", "chat"}, "engine": {"base", "kv", "engine"},
         "server": {"base", "engine", "server"}, "sim": {"base", "kv", "engine", "sim"}}


class Order(unittest.TestCase):
    def test_nearest_first_and_the_table_decides(self):
        self.assertEqual(sanitize.order(["src/kv/block_pool.cc", "docs/ENGINE.md"], ROOMS),
                         [(0, "kv"), (1, "engine"), (1, "sim"), (2, "server")])

    def test_a_changed_test_stays_in_its_room(self):
        self.assertEqual(sanitize.order(["src/kv/block_pool_test.cc", "src/server/routes.h"], ROOMS),
                         [(0, "kv"), (0, "server")])
        self.assertEqual(sanitize.order(["tests/sim/simulation.cc"], ROOMS), [(0, "sim")])

    def test_the_build_is_everything(self):
        for path in ("CMakeLists.txt", "cmake/EstocFlags.cmake", "CMakePresets.json"):
            self.assertEqual(sanitize.order([path], ROOMS), [(0, room) for room in ROOMS])

    def test_nothing_of_ours(self):
        self.assertEqual(sanitize.order(["README.md", "tests/e2e/test_api.py", "src/CMakeLists.txt"], ROOMS), [])


class Deadline(unittest.TestCase):
    def test_what_takes_too_long_is_ended(self):
        over = sanitize.Deadline(0.0)
        self.assertIsNone(over.run(["sleep", "60"]))
        self.assertEqual(over.running, set())
        self.assertEqual(sanitize.Deadline(sanitize.math.inf).run(["false"]), 1)


if __name__ == "__main__":
    unittest.main()
