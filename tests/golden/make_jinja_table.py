#!/usr/bin/env python3
"""Writes jinja_table.json: what Jinja says to every method, filter, test, operator and tag with every kind of value.

Run by hand, never by CI, with jinja2==3.1.6, markupsafe==3.0.4 and Python 3.11:

  python tests/golden/make_jinja_table.py [--renderer build/release/tests/jinja_renderer]

A section has values and expressions in which X stands for the value; its cells are all pairs. A cell is the text of the
expression in a list (which shows the kind of the result), or a refusal. DIFFERENCES names every cell in which we do not
do as Jinja does, and why; the golden lists them under "unequal", and src/jinja/table_test.cc checks that they do.
With --renderer the table is compared at once, and cells that are not explained are printed.
"""
import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import jinja2
import markupsafe

from chat_environment import make_environment
from jinja_table_cases import DIFFERENCES, PRELUDE, SECTIONS, TAGS

HERE = Path(__file__).resolve().parent
PINNED = {"jinja2": "3.1.6", "markupsafe": "3.0.4", "python": (3, 11)}
ENVIRONMENT = make_environment()
ADDRESSES = []
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}", re.IGNORECASE)


def source_of(expression, value):
    return PRELUDE + f"{{% set X = {value} %}}{{{{ [{expression}] }}}}"


def rendered(source):
    """The text, or None where it is refused; whatever goes wrong in Jinja or Python is a refusal."""
    try:
        text = ENVIRONMENT.from_string(source).render()
    except Exception:
        return None
    if ADDRESS.search(text):
        ADDRESSES.append(f"prints an address, which differs from run to run: {source}")
    return text


def difference_of(section, expression, value):
    for name, (_, pattern) in DIFFERENCES.items():
        if re.fullmatch(pattern, f"{section}: {expression} ; {value}", re.DOTALL):
            return name
    return None


def cell(section, expression, value, source):
    text = rendered(source)
    name = difference_of(section, expression, value)
    if text is None and name != "extensions":  # all others are refusals of ours
        return None
    return text if name is None else {"jinja": text, "difference": name}


def table():
    result = []
    for name, (values, expressions) in SECTIONS.items():
        rows = []
        for expression in dict.fromkeys(expressions):
            cells = [cell(name, expression, value, source_of(expression, value)) for value in values]
            rows.append([expression, cells])
        result.append({"section": name, "values": values, "rows": rows})
    tags = [[source, cell("tags", source, "", source)] for source in dict.fromkeys(TAGS)]
    return {
        "differences": {
            name: reason
            for name, (reason, _) in DIFFERENCES.items()
        },
        "sections": result,
        "tags": tags
    }


def cells_of(made):
    for section in made["sections"]:
        for expression, cells in section["rows"]:
            for value, one in zip(section["values"], cells):
                yield section["section"], expression, value, source_of(expression, value), one
    for source, one in made["tags"]:
        yield "tags", source, "", source, one


def compare(made, renderer):
    cases = list(cells_of(made))
    lines = "".join(json.dumps({"template": one[3]}) + "\n" + '{"variables": {}}\n' for one in cases)
    answers = subprocess.run([renderer], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    wrong = 0
    for (section, expression, value, _, expected), answer in zip(cases, answers[1::2]):
        ours = json.loads(answer)
        is_marked = isinstance(expected, dict)
        jinja = expected["jinja"] if is_marked else expected
        if (ours.get("text") == jinja) != is_marked:
            continue
        wrong += 1
        what = "does not differ:" if is_marked else f"Jinja {jinja!r}, ours {ours.get('text', ours.get('error'))!r}:"
        print(f"{section}: {expression} ; {value}\n    {what}")
    print(f"{len(cases)} cells, {wrong} not explained")


def compact(row):
    """The texts of a row, each with the places of the values that give it; values that are nowhere are refused."""
    expression, cells = row
    places = {}
    for i, text in enumerate(cells):
        if isinstance(text, str):
            places.setdefault(text[1:-1], []).append(i)  # without the brackets of the list
    return dumped([expression, places])


def dumped(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(made):
    parts = ['{"differences":' + dumped(made["differences"])]
    for section in made["sections"]:
        head = dumped({"section": section["section"], "values": section["values"]})[:-1]
        parts.append((',"sections":[\n' if len(parts) == 1 else ",\n") + head + ',"rows":[\n')
        parts.append(",\n".join(compact(row) for row in section["rows"]) + "]}")
    parts.append('],\n"tags":[\n' + ",\n".join(dumped(row) for row in made["tags"] if not isinstance(row[1], dict)))
    unequal = [[name, expression, value, one["jinja"], one["difference"]]
               for name, expression, value, _, one in cells_of(made) if isinstance(one, dict)]
    parts.append('],\n"unequal":[\n' + ",\n".join(dumped(row) for row in unequal) + "]}\n")
    unused = set(DIFFERENCES) - {row[4] for row in unequal}
    if unused:
        sys.exit(f"no cell differs for the reasons {sorted(unused)}")
    path = HERE / "jinja_table.json"
    path.write_text("".join(parts))
    print(f"{path.name}: {path.stat().st_size} bytes, {len(unequal)} known differences")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--renderer", help="compare with this build of jinja_renderer")
    arguments = parser.parse_args()
    found = {"jinja2": jinja2.__version__, "markupsafe": markupsafe.__version__, "python": sys.version_info[:2]}
    if found != PINNED:
        sys.exit(f"expected {PINNED}, found {found}")
    made = table()
    if ADDRESSES:
        sys.exit("\n".join(ADDRESSES))
    write(made)
    if arguments.renderer:
        compare(made, arguments.renderer)


if __name__ == "__main__":
    main()
