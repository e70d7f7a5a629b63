"""Schemas and documents to time grammars with: what tool calls and extracted records look like, and the official suite.

A case is {"name", "schema", "any_order", "formats", "documents": [{"text", "valid"}]}; documents are written without blanks.
"""

import json
import random
from pathlib import Path

WORDS = ("the of report customer order Berlin invoice weather delayed value café naïve 東京 update please check again "
         "temperature measured response error timeout schedule meeting tomorrow quarterly revenue increased by percent "
         "“quoted” line\nbreak tab\there path/to/file C:\\data emoji 🙂 Straße Zürich αβγ данные number seven").split(" ")


def string(**bounds):
    return {"type": "string", **bounds}


def record(properties, optional=(), **more):
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "required": [name for name in properties if name not in optional], **more}


def array(items, **bounds):
    return {"type": "array", "items": items, **bounds}


def sentence(rng, least, most):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(least, most)))


def date(rng):
    return f"20{rng.randint(10, 40)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def moment(rng):
    return f"{date(rng)}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}Z"


def tree(rng, depth):
    return {"label": sentence(rng, 1, 2), "children": [tree(rng, depth - 1) for _ in range(rng.randint(0, 3))]
            if depth else []}


def anything(rng, depth):
    kinds = [lambda: sentence(rng, 1, 6), lambda: rng.randint(-1000, 100000), lambda: round(rng.uniform(-9, 9), 4),
             lambda: rng.choice([True, False, None])]
    if depth:
        kinds += [lambda: [anything(rng, depth - 1) for _ in range(rng.randint(0, 4))],
                  lambda: {sentence(rng, 1, 2): anything(rng, depth - 1) for _ in range(rng.randint(0, 4))}] * 2
    return rng.choice(kinds)()


CALL = {"anyOf": [
    record({"name": {"const": "get_weather"}, "arguments": record(
        {"city": string(), "unit": {"enum": ["celsius", "fahrenheit"]}, "days": {"type": "integer", "minimum": 1,
                                                                               "maximum": 14}}, ["days"])}),
    record({"name": {"const": "send_email"}, "arguments": record(
        {"to": array(string(format="email"), minItems=1, maxItems=10), "subject": string(maxLength=120),
         "body": string(), "urgent": {"type": "boolean"}}, ["urgent"])}),
    record({"name": {"const": "search"}, "arguments": record(
        {"query": string(minLength=1), "limit": {"type": "integer"}, "filters": {
            "type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}}, ["limit", "filters"])}),
]}


def call(rng):
    kind = rng.randint(0, 2)
    if kind == 0:
        return {"name": "get_weather", "arguments": {"city": sentence(rng, 1, 2), "unit": rng.choice(
            ["celsius", "fahrenheit"]), **({"days": rng.randint(1, 14)} if rng.random() < .5 else {})}}
    if kind == 1:
        return {"name": "send_email", "arguments": {
            "to": [f"{rng.choice(['ann', 'bob', 'carol.x'])}{rng.randint(1, 99)}@example.org" for _ in range(
                rng.randint(1, 3))], "subject": sentence(rng, 2, 6)[:120], "body": sentence(rng, 20, 80),
            **({"urgent": True} if rng.random() < .5 else {})}}
    return {"name": "search", "arguments": {"query": sentence(rng, 1, 8), "limit": rng.randint(1, 50), "filters": {
        f"field{i}": rng.choice(["x", 1.5, True]) for i in range(rng.randint(0, 3))}}}


POINT = record({"x": {"type": "number"}, "y": {"type": "number"}})
REALISTIC = [
    ("tool call", CALL, call),
    ("tool calls", array(CALL, maxItems=8), lambda rng: [call(rng) for _ in range(rng.randint(1, 4))]),
    ("person", record({"name": string(), "age": {"type": "integer", "minimum": 0, "maximum": 150}, "email": string(
        format="email"), "phones": array(string(pattern=r"^\+[0-9]{1,3} [0-9]{4,12}$")), "address": record(
            {"street": string(), "city": string(), "zip": string(pattern="^[0-9]{5}$"), "country": {
                "enum": ["DE", "FR", "US", "JP"]}})}, ["phones"]),
     lambda rng: {"name": sentence(rng, 2, 3), "age": rng.randint(0, 150), "email": f"a.b{rng.randint(1, 999)}@mail.test",
                  "phones": [f"+{rng.randint(1, 99)} {rng.randint(10000, 99999999)}" for _ in range(rng.randint(0, 3))],
                  "address": {"street": sentence(rng, 2, 4), "city": "Zürich", "zip": f"{rng.randint(0, 99999):05}",
                              "country": rng.choice(["DE", "FR", "US", "JP"])}}),
    ("long text", record({"title": string(), "text": string()}),
     lambda rng: {"title": sentence(rng, 3, 9), "text": sentence(rng, 150, 400)}),
    ("bounded text", record({"summary": string(minLength=10, maxLength=400), "tags": array(
        string(minLength=1, maxLength=20), maxItems=6)}),
     lambda rng: {"summary": sentence(rng, 8, 50)[:400].ljust(10, "."), "tags": [
         sentence(rng, 1, 2)[:20] for _ in range(rng.randint(0, 6))]}),
    ("numbers", record({"series": array({"type": "number"})}),
     lambda rng: {"series": [rng.choice([rng.randint(-99999, 99999), round(rng.gauss(0, 50), 3)]) for _ in range(
         rng.randint(30, 120))]}),
    ("bounded integers", array({"type": "integer", "minimum": -40, "maximum": 1250}),
     lambda rng: [rng.randint(-40, 1250) for _ in range(rng.randint(20, 80))]),
    ("points", array(POINT), lambda rng: [{"x": round(rng.uniform(-5, 5), 2), "y": rng.randint(0, 9)} for _ in range(
        rng.randint(5, 30))]),
    ("tree", {"$ref": "#/$defs/node", "$defs": {"node": record(
        {"label": string(), "children": array({"$ref": "#/$defs/node"})})}}, lambda rng: tree(rng, 3)),
    ("order", record({"id": string(format="uuid"), "placed": string(format="date-time"), "due": string(format="date"),
                      "lines": array(record({"sku": string(pattern="^[A-Z]{2,4}-[0-9]{3,8}$"), "count": {
                          "type": "integer", "minimum": 1}, "price": {"type": "number", "minimum": 0},
                                             "note": {"type": ["string", "null"]}}, ["note"]), minItems=1),
                      "status": {"enum": ["open", "paid", "shipped", "cancelled"]}, "paid": {"type": "boolean"}}),
     lambda rng: {"id": f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-a"
                        f"{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}", "placed": moment(rng), "due": date(rng),
                  "lines": [{"sku": f"{rng.choice(['AB', 'XYZ', 'QRST'])}-{rng.randint(100, 9999999)}",
                             "count": rng.randint(1, 999), "price": round(rng.uniform(0, 500), 2), "note": rng.choice(
                                 [None, sentence(rng, 1, 8)])} for _ in range(rng.randint(1, 6))],
                  "status": rng.choice(["open", "paid", "shipped", "cancelled"]), "paid": rng.random() < .5}),
    ("map", {"type": "object", "additionalProperties": array({"type": "integer"})},
     lambda rng: {f"{rng.choice(WORDS)} {i}": [rng.randint(0, 9999) for _ in range(rng.randint(0, 6))] for i in range(
         rng.randint(3, 25))}),
    ("any JSON", {}, lambda rng: anything(rng, 4)),
    ("any object", {"type": "object"}, lambda rng: {sentence(rng, 1, 2): anything(rng, 3) for _ in range(6)}),
    ("kinds of events", {"type": "object", "oneOf": [
        {"properties": {"kind": {"const": "click"}, "x": {"type": "integer"}, "y": {"type": "integer"}},
         "required": ["kind", "x", "y"], "additionalProperties": False},
        {"properties": {"kind": {"const": "key"}, "code": string(pattern="^[A-Za-z0-9]+$")},
         "required": ["kind", "code"], "additionalProperties": False}]},
     lambda rng: rng.choice([{"kind": "click", "x": rng.randint(0, 4000), "y": rng.randint(0, 4000)},
                             {"kind": "key", "code": rng.choice(["Enter", "KeyA", "ArrowLeft", "F12"])}])),
    ("settings", record({f"option_{name}": kind for name, kind in zip(
        "abcdefghijklmnopqrstuvwxyz", [string(), {"type": "integer"}, {"type": "boolean"}, {
            "enum": ["low", "medium", "high"]}, {"type": "number"}] * 5)}, ["option_c", "option_h", "option_m"]),
     lambda rng: {f"option_{name}": make(rng) for name, make in zip("abcdefghijklmnopqrstuvwxyz", [
         lambda r: sentence(r, 1, 5), lambda r: r.randint(-99, 9999), lambda r: r.random() < .5,
         lambda r: r.choice(["low", "medium", "high"]), lambda r: round(r.uniform(-1, 1), 6)] * 5)
                  if name not in "chm" or rng.random() < .5}),
]


def written(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def realistic(documents, seed=1):
    rng = random.Random(seed)
    for name, schema, make in REALISTIC:
        yield {"name": name, "schema": schema, "any_order": False, "formats": True,
               "documents": [{"text": written(make(rng)), "valid": True} for _ in range(documents)]}


def suite(folder):
    """Each group of the official suite's files."""
    for path in sorted(Path(folder).glob("*.json")):
        for number, group in enumerate(json.loads(path.read_text())):
            yield {"name": f"{path.stem}/{number}", "schema": group["schema"], "any_order": True, "formats": False,
                   "documents": [{"text": written(test["data"]), "valid": test["valid"]} for test in group["tests"]]}
