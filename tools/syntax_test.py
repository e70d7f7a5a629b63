#!/usr/bin/env python3
"""Tests of syntax.py: whom a change reaches, what comes first, and which flags a room's files are compiled with."""
import unittest

import syntax

INCLUDES = {"base/mutex.h": set(), "kv/pool.h": {"base/mutex.h", "vector"}, "kv/pool.cc": {"kv/pool.h"},
            "api/chat.h": {"string"}, "api/chat.cc": {"api/chat.h", "kv/pool.h"}}


class Reaching(unittest.TestCase):
    def test_through_others(self):
        self.assertEqual(syntax.reaching({"base/mutex.h"}, INCLUDES),
                         {"base/mutex.h", "kv/pool.h", "kv/pool.cc", "api/chat.cc"})
        self.assertEqual(syntax.reaching({"api/chat.h", "kv/pool.cc"}, INCLUDES),
                         {"api/chat.h", "api/chat.cc", "kv/pool.cc"})
        self.assertEqual(syntax.reaching(set(), INCLUDES), set())


class Tree(unittest.TestCase):
    def test_what_a_change_reaches_comes_first(self):
        plain_headers, plain_sources = syntax.read_tree([])
        headers, sources = syntax.read_tree(["src/http/connection.h", "docs/ENGINE.md", "src/gone.h"])
        self.assertEqual(headers[0], "src/http/connection.h")
        self.assertIn("src/http/server.cc", sources[:3])
        self.assertEqual((sorted(headers), sorted(sources)), (sorted(plain_headers), sorted(plain_sources)))
        self.assertIn("tests/fuzz/base_json_fuzz.cc", sources)
        self.assertFalse([path for path in headers if path.startswith(syntax.FOR_CARDS)])


class Flags(unittest.TestCase):
    def test_only_folders_and_definitions(self):
        self.assertEqual(syntax.flags_of("c++ -DA=1 -I/x/src -O3 -isystem /usr/x -fPIC -o a.o -c a.cc"),
                         ["-DA=1", "-I/x/src", "-isystem /usr/x"])


if __name__ == "__main__":
    unittest.main()
