#!/usr/bin/env python3
"""Tests of tidy.py: each rule is shown one offender and one innocent."""
import tempfile
import unittest
from pathlib import Path

import tidy

TABLE = """
| Floor | Folder | What it is | May include |
|---|---|---|---|
| Ground | `base` | errors | |
| Math | `quant` | formats | base |
| Math | `kernels` | loops | base quant |
| Doors | `http` | sockets | base |
| Top | `apps` | commands | everything |
"""
ROOMS = tidy.read_rooms(TABLE)


def findings(check, *arguments) -> list[str]:
    report = tidy.Report()
    check(*arguments, report)
    return report.errors


def code(place: str, text: str) -> list[str]:
    folder = place.split("/")[0]
    return (findings(tidy.check_includes, place, folder, text, ROOMS) + findings(tidy.check_code, place, folder, text))


class Table(unittest.TestCase):
    def test_rooms(self):
        self.assertEqual(ROOMS["quant"], {"quant", "base"})
        self.assertEqual(ROOMS["base"], {"base"})
        self.assertEqual(ROOMS["apps"], set(ROOMS))

    def test_unknown_room_and_cycle(self):
        self.assertEqual(findings(tidy.check_table, ROOMS), [])
        self.assertEqual(len(findings(tidy.check_table, {"a": {"a", "b"}, "b": {"b", "a"}})), 2)
        self.assertIn("no room", findings(tidy.check_table, {"a": {"a", "z"}})[0])


class Text(unittest.TestCase):
    def test_layering(self):
        self.assertEqual(code("quant/x.cc", '#include "base/error.h"\n#include "quant/y.h"\n'), [])
        self.assertEqual(code("base/x.cc", '\n#include "quant/y.h"\n'),
                         ["base/x.cc:2: \"quant/y.h\": room 'base' may not include 'quant'"])
        self.assertEqual(len(code("quant/x.cc", '#include "y.h"\n')), 1)

    def test_tests_reach_further(self):
        self.assertEqual(code("kernels/x_test.cc", '#include "base/error.h"\nauto* x = std::getenv("SHARED");\n'), [])
        self.assertEqual(tidy.below("c", {"a": {"a"}, "b": {"a", "b"}, "c": {"b", "c"}, "d": {"d"}}), {"a", "b", "c"})
        self.assertEqual(len(code("quant/x_test.cc", '#include "kernels/y.h"\n')), 1)

    def test_internal_headers(self):
        opening = "// Bytes.\n// Internal to base/.\n#pragma once\n"
        self.assertTrue(tidy.is_internal("base/x.h", opening))
        self.assertFalse(tidy.is_internal("base/x.h", opening.replace("base/", "quant/")))
        self.assertFalse(tidy.is_internal("base/x.h", "// Bytes.\n#pragma once\n// Internal to base/.\n"))
        for place, count in [("base/y.cc", 0), ("base/y_test.cc", 0), ("quant/y.cc", 1), ("quant/y_test.cc", 1)]:
            found = findings(lambda report: tidy.check_includes(
                place, place.split("/")[0], '#include "base/x.h"\n', ROOMS, report, frozenset({"base/x.h"})))
            self.assertEqual(len(found), count, place)

    def test_what_is_for_tests(self):
        self.assertEqual(code("base/x_test.cc", '#include "base/test_server.h"\n'), [])
        self.assertEqual(code("base/test_client.h", '#pragma once\n#include "base/test_server.h"\n'), [])
        self.assertEqual(code("base/x.cc", '#include "base/test_server.h"\n'),
                         ['base/x.cc:1: "base/test_server.h" is for tests'])

    def test_fenced_headers(self):
        for place, header in [("base/x.cc", "boost/asio.hpp"), ("base/x.cc", "simdjson.h"), ("quant/x.cc", "immintrin.h"),
                              ("apps/x.cc", "iostream"), ("base/x.cc", "regex")]:
            self.assertEqual(len(code(place, f"#include <{header}>\n")), 1, header)
        for place, header in [("http/x.cc", "boost/asio.hpp"), ("base/json.cc", "simdjson.h"),
                              ("kernels/isa/x.cc", "immintrin.h"), ("base/x.cc", "vector"), ("base/x.cc", "pcre2.h")]:
            self.assertEqual(code(place, f"#include <{header}>\n"), [], header)

    def test_headers(self):
        self.assertEqual(code("base/x.h", "#pragma once\n#include <vector>\n#include <unistd.h>\n"), [])
        self.assertEqual(len(code("base/x.h", "#include <vector>\n")), 1)
        self.assertEqual(code("kernels/x.inl.h", "// Included inside the anonymous namespace of an ISA file.\n"), [])
        self.assertEqual(len(code("base/x.h", "#pragma once\n#include <pcre2.h>\n")), 1)

    def test_code(self):
        self.assertEqual(len(code("base/x.cc", "using namespace std;\n")), 1)
        self.assertEqual(code("base/x.cc", '// using namespace std\nauto s = "using namespace std";\n'), [])
        self.assertEqual(code("quant/x.cc", 'auto s = R"(using namespace "x)"; int n = 1\'000\'000;\n'), [])
        self.assertEqual(len(code("quant/x.cc", 'auto s = "\\""; std::getenv("HOME");\n')), 1)
        self.assertEqual(code("base/x.cc", 'std::getenv("HOME");\n'), [])
        self.assertEqual(code("base/x.cc", "/* one\ntwo */\nusing namespace a;\n"), ["base/x.cc:3: no `using namespace`"])

    def test_todo(self):
        self.assertEqual(len(code("base/x.cc", "// TODO: later\n")), 1)
        self.assertEqual(code("base/x.cc", "// TODO(#12): later; TODO(ana): too\n"), [])

    def test_names(self):
        for place in ("base/utils.cc", "base/string_helpers.h", "base/new_queue.cc", "base/manager2.cc", "base/misc/x.cc"):
            self.assertEqual(len(findings(tidy.check_name, place)), 1, place)
        for place in ("base/queue.cc", "models/gpt2.cc", "kv/renewal.h"):
            self.assertEqual(findings(tidy.check_name, place), [], place)


class Namespaces(unittest.TestCase):
    def check(self, place: str, text: str) -> list[str]:
        return findings(tidy.check_namespaces, place, place.split("/")[0], text, {"http", "kernels"})

    def test_list(self):
        self.assertEqual(tidy.read_namespaces("See `a`. All is in `estoc`; the rooms `http`\nand `kernels` have a "
                                              "namespace of their own. Not `b`."), {"http", "kernels"})
        self.assertEqual(tidy.read_namespaces("None has one. See `http`."), set())

    def test_files(self):
        self.assertEqual(self.check("base/x.cc", "namespace estoc {\nint x;\n}\n"), [])
        self.assertEqual(self.check("base/x.cc", "namespace estoc::limits {\nint y;\n}\n"), [])
        self.assertEqual(self.check("http/x.cc", "namespace estoc::http {\nnamespace {\n}\n}\n"), [])
        self.assertEqual(self.check("http/x.cc", "namespace estoc::http::fields {\nint y;\n}\n"), [])
        self.assertEqual(self.check("http/x.cc", "namespace estoc {\nint x;\n}\n"),
                         ["http/x.cc:1: namespace estoc, where room 'http' has estoc::http"])
        for place, name in [("base/x.cc", "estoc::http"), ("kernels/x.cc", "estoc::http"), ("base/x.cc", "other")]:
            self.assertEqual(len(self.check(place, f"\nnamespace {name} {{\nint x;\n}}\n")), 1, name)

    def test_names_declared_ahead(self):
        ahead = "namespace estoc {\nclass Team;\nstruct Job;\n}  // namespace estoc\n"
        self.assertEqual(self.check("http/x.h", ahead + "namespace estoc::http {\nint x;\n}\n"), [])

    def uses(self, place: str, text: str) -> list[str]:
        return findings(tidy.check_uses, place, place.split("/")[0], text, ROOMS, {"http", "kernels"})

    def test_uses(self):
        self.assertEqual(self.uses("http/x.cc", "http::Server s; boost::beast::http::field f; // kernels::table()\n"), [])
        self.assertEqual(self.uses("apps/x.cc", "http::Server s = kernels::table();\n"), [])
        self.assertEqual(self.uses("quant/x.cc", "int a;\nint b = kernels::kMax;\n"),
                         ["quant/x.cc:2: kernels::, and room 'quant' may not include 'kernels'"])
        self.assertEqual(len(self.uses("quant/x_test.cc", "estoc::kernels::Table t;\n")), 1)


class Cmake(unittest.TestCase):
    def check(self, listing: str, *files: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            room = Path(folder) / "quant"
            for file in files:
                (room / file).parent.mkdir(parents=True, exist_ok=True)
                (room / file).touch()
            (room / "CMakeLists.txt").write_text(listing)
            return findings(tidy.check_cmake, room, ROOMS)

    def test_links_and_sources(self):
        listing = "estoc_folder(SOURCES a.cc isa/b.cc  # and c.cc\n LINKS base PRIVATE fmt::fmt TESTS a_test.cc)\n"
        self.assertEqual(self.check(listing, "a.cc", "isa/b.cc", "a_test.cc", "a.h"), [])
        self.assertIn("'quant' may not use it", self.check("estoc_folder(SOURCES a.cc LINKS base http)", "a.cc")[0])
        self.assertIn("not named as a test", self.check("estoc_folder(SOURCES a.cc TESTS b.cc)", "a.cc", "b.cc")[0])
        self.assertIn("test_a.cc is among", self.check("estoc_folder(SOURCES test_a.cc)", "test_a.cc")[0])
        self.assertEqual(self.check("estoc_folder(SOURCES a.cc TESTS test_b.cc)", "a.cc", "test_b.cc"), [])
        self.assertIn("b.cc is not named", self.check("estoc_folder(SOURCES ab.cc)", "ab.cc", "b.cc")[0])


class Symbols(unittest.TestCase):
    def check(self, listing: str) -> list[str]:
        return findings(tidy.check_symbols, "x.cc", listing)

    def test_one_table(self):
        self.assertEqual(self.check("0000 D table\n0010 t local\n                 U memcpy\n                 w weak\n"), [])
        self.assertEqual(self.check("0000 D table\n0000 V DW.ref.__gxx_personality_v0\n"), [])
        self.assertIn("exports 2", self.check("0000 D table\n0010 T stray\n")[0])
        self.assertIn("exports 0", self.check("0010 t local\n")[0])

    def test_mergeable_and_static(self):
        for kind in "WVu":
            self.assertIn("mergeable", self.check(f"0000 D table\n0010 {kind} _ZNSt6vectorIfE\n")[0])
        self.assertIn("static initializer", self.check("0000 D table\n0010 t _GLOBAL__sub_I_x\n")[0])


if __name__ == "__main__":
    unittest.main()
