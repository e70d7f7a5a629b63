"""JSON Schemas for tests of structured output: forty written by hand, and random ones made of the same parts."""
import random


def record(required=None, **properties):
    return {"type": "object", "properties": properties, "required": list(properties if required is None else required),
            "additionalProperties": False}


def text(most=40, **more):
    return {"type": "string", "maxLength": most, **more}


def several(items, most=5, **more):
    return {"type": "array", "items": items, "maxItems": most, **more}


INTEGER = {"type": "integer", "minimum": -1000, "maximum": 1000}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
FLAG = {"type": "boolean"}
COLOUR = {"enum": ["red", "green", "blue", "dark grey"]}
DATE = {"type": "string", "format": "date"}
WORD = {"type": "string", "pattern": "^[a-z]{1,12}$"}

TREE = {"$defs": {"node": record(["name"], name=text(12),
                                 children=several({"$ref": "#/$defs/node"}, 2))}, "$ref": "#/$defs/node"}
LEAF = {"$ref": "#/$defs/leaf"}
PAIR = {"$defs": {"pair": record(left=LEAF, right={"anyOf": [{"type": "null"}, LEAF]}), "leaf": record(value=INTEGER)},
        "$ref": "#/$defs/pair"}

WRITTEN = [
    record(name=text(), age={"type": "integer", "minimum": 0, "maximum": 120}),
    record(title=text(60), year={"type": "integer", "minimum": 1900, "maximum": 2030}, seen=FLAG),
    record(city=text(), country={"enum": ["France", "Japan", "Peru", "Chad"]}, population={"type": "integer",
                                                                                           "minimum": 0, "maximum": 10**8}),
    record(["id"], id={"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"}, note=text(80)),
    record(start=DATE, end=DATE),
    record(when={"type": "string", "format": "date-time"}, where=text()),
    record(mail={"type": "string", "pattern": "^[a-z]{1,10}@[a-z]{1,10}\\.(com|org)$"}),
    record(colour=COLOUR, size={"enum": [1, 2, 3, "large", None, True]}),
    several(INTEGER, 6),
    several(text(10), 4, minItems=2),
    several(COLOUR, 4, uniqueItems=True),
    several(record(x=SHARE, y=SHARE), 4, minItems=1),
    {"type": "array", "prefixItems": [text(10), INTEGER, FLAG], "items": False, "minItems": 3},
    {"type": "array", "prefixItems": [COLOUR], "items": INTEGER, "maxItems": 4},
    {"const": {"kind": "fixed", "values": [1, 2.5, None, "a\"b\\c"]}},
    {"enum": [[1, 2], {"a": None}, "text", 0]},
    {"anyOf": [text(20), INTEGER, {"type": "null"}]},
    {"oneOf": [record(kind={"const": "circle"}, radius=SHARE), record(kind={"const": "square"}, side=SHARE)]},
    {"allOf": [{"type": "object", "properties": {"a": INTEGER}, "required": ["a"]},
               {"properties": {"b": FLAG}, "required": ["b"], "maxProperties": 2}]},
    {"type": "integer", "multipleOf": 7, "minimum": 0, "maximum": 7000},
    {"type": "integer", "exclusiveMinimum": 2.5, "exclusiveMaximum": 37.5},
    {"type": ["integer", "boolean"], "minimum": 0, "maximum": 99},
    TREE,
    PAIR,
    record(outer=record(middle=record(inner=record(leaf=text(20))))),
    record(matrix=several(several({"type": "integer", "minimum": 0, "maximum": 9}, 3, minItems=3), 3, minItems=3)),
    record([], a=INTEGER, b=text(10), c=FLAG, d=several(WORD, 3)),
    {"type": "object", "patternProperties": {"^[a-c]$": INTEGER}, "additionalProperties": False, "maxProperties": 3},
    {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 9}, "maxProperties": 3,
     "propertyNames": {"pattern": "^[a-z]+$"}},
    {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}, "value": {}}, "required": ["kind", "value"],
     "additionalProperties": False, "if": {"properties": {"kind": {"const": "a"}}},
     "then": {"properties": {"value": INTEGER}}, "else": {"properties": {"value": text(20)}}},
    {"type": "object", "properties": {"card": {"type": "string", "pattern": "^[0-9]{4}$"}, "address": text(30)},
     "additionalProperties": False, "dependentRequired": {"card": ["address"]}},
    record(tags=several(WORD, 5, minItems=1), score={"type": "number", "minimum": -5, "maximum": 5}),
    record(phone={"type": "string", "pattern": "^\\+[1-9][0-9]{6,12}$"}, uuid={"type": "string", "format": "uuid"}),
    record(ip={"type": "string", "format": "ipv4"}, port={"type": "integer", "minimum": 1, "maximum": 65535}),
    record(steps=several(record(explanation=text(80), output=text(40)), 3, minItems=1), answer=text(40)),
    record(**{"grüße": text(20), "quote\"d": INTEGER, "back\\slash": FLAG}),
    several({"anyOf": [INTEGER, record(sub=several(FLAG, 2))]}, 4, contains=record(sub=several(FLAG, 2))),
    {"type": "string", "minLength": 3, "maxLength": 30},
    {"type": "string", "pattern": "^(yes|no|maybe( not)?)[.!]?$"},
    record(person=record(first=text(15), last=text(15)), jobs=several(record(["title"], title=text(25), since=DATE), 2),
           married={"type": ["boolean", "null"]}, height={"type": "number", "minimum": 0.5, "maximum": 2.5}),
]
assert len(WRITTEN) == 40


def random_schema(draw: random.Random, depth: int = 0):
    """A schema whose values are a few hundred characters at most, as a rule."""
    leaves = [INTEGER, SHARE, FLAG, COLOUR, DATE, WORD, text(draw.randint(1, 40)), {"type": "null"},
              {"const": draw.choice(["a", 1, None, ["x", {}]])},
              {"type": "string", "pattern": draw.choice(["^[0-9]{2,5}$", "^[A-Z][a-z]{2,9}( [A-Z][a-z]{2,9})?$",
                                                         "^#[0-9a-f]{6}$", "^(left|right|up|down)$"])}]
    if depth >= 3 or (depth > 0 and draw.random() < 0.5):
        return draw.choice(leaves)
    kind = draw.randrange(5)
    if kind == 0:
        return several(random_schema(draw, depth + 1), draw.randint(1, 4), minItems=draw.randint(0, 1))
    if kind == 1:
        return {"anyOf": [random_schema(draw, depth + 1) for _ in range(draw.randint(2, 3))]}
    names = draw.sample(["name", "kind", "value", "items", "label", "count", "is_open", "parent", "größe", "a b"],
                        draw.randint(1, 4))
    return record([name for name in names if draw.random() < 0.7],
                  **{name: random_schema(draw, depth + 1) for name in names})
