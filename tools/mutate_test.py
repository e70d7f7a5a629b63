#!/usr/bin/env python3
"""Tests of mutate.py: what is changed in a line of code, what is left alone, and what the list of equal ones says."""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import mutate


def changes(line: str) -> list[str]:
    """The lines that a line inside a function becomes."""
    text = f"void f() {{\n  {line}\n}}\n"
    mutants = [mutant for mutant in mutate.mutants_of("src/kv/x.cc", text) if mutant.line == 2]
    for mutant in mutants:
        changed = text[:mutant.begin] + mutant.text + text[mutant.end:]
        assert changed.split("\n")[1].strip() == mutant.after and changed.count("\n") == text.count("\n"), mutant
    return [mutant.after for mutant in mutants]


class Mutants(unittest.TestCase):
    def test_operators(self):
        self.assertEqual(changes("return a < b && !c;"), ["return a <= b && !c;", "return a < b || !c;", "return a < b && c;"])
        self.assertEqual(changes("x += std::min(a, b) - 10;"),
                         ["x -= std::min(a, b) - 10;", "x += std::max(a, b) - 10;", "x += std::min(a, b) + 10;",
                          "x += std::min(a, b) - 11;"])
        self.assertIn("for (int i = 0; i < n; --i) {", changes("for (int i = 0; i < n; ++i) {"))

    def test_whole_statements(self):
        self.assertEqual(changes("pool.release(block);"), [";"])
        self.assertEqual(changes("first_ = first;"), [";"])
        self.assertEqual(changes("return first(second);"), [])
        self.assertEqual(changes("const auto first = second;"), [])

    def test_what_is_no_code_stays(self):
        for line in ('// a < b', 'auto text = "a < b";', "std::vector<int> list;", "Group* group;", "const Group& group;",
                     "ESTOC_CHECK(a < b);", "ESTOC_DCHECK(a < b);", 'name + ".bias";', "#if 1", "char c = '1';", "names.reserve(3);"):
            self.assertEqual(changes(line), [], line)

    def test_checks_of_integrity_are_left_alone(self):
        text = "void A::check_integrity() const {\n  x = y;\n}\n\nvoid A::f() {\n  x = y;\n}\n"
        self.assertEqual([mutant.line for mutant in mutate.mutants_of("a.cc", text)], [6])

    def test_the_same_change_has_the_same_key_wherever_its_line_is(self):
        here = mutate.mutants_of("a.cc", "  x = y;\n")[0]
        there = mutate.mutants_of("a.cc", "\n\n  x = y;\n")[0]
        self.assertEqual(here.key, there.key)
        self.assertNotEqual(here.key, mutate.mutants_of("b.cc", "  x = y;\n")[0].key)


class Outcomes(unittest.TestCase):
    def outcome(self, script: str) -> tuple[str, str]:
        """Of a room's test program that is this script."""
        with tempfile.TemporaryDirectory() as folder, mock.patch.multiple(
                mutate, BUILD=Path(folder), WORK=Path(folder), TREE=Path(folder)):
            program = Path(folder) / "src" / "kv" / "kv_test"
            program.parent.mkdir(parents=True)
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
            return mutate.run_tests("kv", 0.5)

    def test_of_test_programs(self):
        self.assertEqual(self.outcome("exit 0"), ("passed", ""))
        self.assertEqual(self.outcome("echo '[  FAILED  ] Pool.Forks (1 ms)'; exit 1"), ("failed", "Pool.Forks"))
        self.assertEqual(self.outcome("kill -ABRT $$"), ("failed", "exit code -6"))
        self.assertEqual(self.outcome("sleep 60")[0], "timeout")


class Equal(unittest.TestCase):
    def test_blocks(self):
        self.assertEqual(mutate.read_equal("# why\n\nsrc/a.cc\n- x = 1;\n+ x = 2;\nnobody reads x\n\nsrc/b.cc\n- f();\n+ ;\ncache\n"),
                         {("src/a.cc", "x = 1;", "x = 2;"): "nobody reads x", ("src/b.cc", "f();", ";"): "cache"})
        with self.assertRaises(SystemExit):
            mutate.read_equal("src/a.cc\n- x\n")


if __name__ == "__main__":
    unittest.main()
