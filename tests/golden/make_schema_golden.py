#!/usr/bin/env python3
"""Writes schema_golden.json: which of many values the jsonschema package calls valid under which schemas.

Run by hand, never by CI, with jsonschema==4.26.0:

  python tests/golden/make_schema_golden.py

Every schema meets every value of VALUES and its own. src/grammar/json_schema_test.cc asks the same of compiled schemas,
byte by byte.
"""
import importlib.metadata
import json
from pathlib import Path

import jsonschema

HERE = Path(__file__).resolve().parent
PINNED = "4.26.0"

VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 7, 10, 15, 100, -5, 1.5, 0.25, -2.75, 3.75, "", "a", "b", "ab", "abc", "foo",
    "foobar", "x1", "123", "\u00e9", "\U0001f600", "a\nb", "quote\"back\\slash", [], [1], [1, 2], [2, 1], [1, 1], [1, 2, 3],
    ["a"], ["a", "b"], ["a", 1], [1, "a"], [None], [True, False], [[1]], [[]], [{}], [1, "a", None, True], [10, 20, 30],
    {}, {"a": 1}, {"a": "x"}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": "x"}, {"a": 1, "c": True},
    {"foo": 1}, {"foo": "bar", "baz": 2}, {"a": {"a": 1}}, {"a": {"b": {"a": "x"}}}, {"a": [1, 2], "b": []},
    {"x_a": 1}, {"x_a": "s", "y": 2}, {"a": 1, "b": 2, "c": 3}, {"a": None}, {"": 0}, {"kind": "cat", "lives": 9},
    {"kind": "dog", "bark": True}, {"kind": "dog", "lives": 9}, {"kind": "cat"},
]

SCHEMAS = [
    True,
    {},
    {"type": "integer"},
    {"type": ["string", "null"]},
    {"type": "number", "minimum": 1, "maximum": 10},
    {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 3.75},
    {"minimum": -2.75},
    {"maximum": 0},
    {"type": "integer", "multipleOf": 5},
    {"multipleOf": 0.25},
    {"type": "integer", "minimum": -5, "not": {"multipleOf": 5}},
    {"minLength": 2, "maxLength": 3},
    {"type": "string", "pattern": "^a|1$"},
    {"type": "string", "pattern": "o+", "maxLength": 3},
    {"type": "string", "not": {"pattern": "b"}, "minLength": 1},
    {"enum": [1, "a", None, [1, 2], {"a": 1, "b": 2}]},
    {"const": {"b": 2, "a": 1}},
    {"const": 1},
    {"not": {"enum": [1, "a", [], {}]}},
    {"enum": [0, 1, 2, 3, 7, 10, 15], "minimum": 2, "not": {"multipleOf": 5}},
    {"items": {"type": "integer"}},
    {"prefixItems": [{"type": "integer"}, {"type": "string"}]},
    {"prefixItems": [{"type": "integer"}], "items": {"type": "string"}, "minItems": 1},
    {"type": "array", "prefixItems": [{"const": 1}], "items": False},
    {"minItems": 2, "maxItems": 3},
    {"contains": {"const": 1}},
    {"contains": {"type": "integer"}, "minContains": 2, "maxContains": 2},
    {"type": "array", "contains": {"type": "string"}, "maxContains": 1, "minContains": 0},
    {"contains": {"minimum": 2}, "not": {"contains": {"const": 3}}},
    {"uniqueItems": True},
    {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2, "a"]}},
    {"type": "array", "uniqueItems": True, "prefixItems": [{"type": "boolean"}, {"type": "boolean"}], "items": False},
    {"type": "array", "uniqueItems": True, "items": {"type": "integer", "minimum": 0}},
    {"not": {"items": {"type": "integer"}}, "type": "array"},
    {"not": {"prefixItems": [{"type": "integer"}, {"type": "integer"}]}},
    {"not": {"minItems": 2}, "type": "array"},
    {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
    {"properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
    {"properties": {"a": {}}, "additionalProperties": {"type": "integer"}},
    {"patternProperties": {"^x_": {"type": "integer"}}},
    {"patternProperties": {"^x_": {"type": "integer"}, "a$": {"minimum": 1}}, "additionalProperties": False},
    {"properties": {"foo": {}}, "patternProperties": {"z$": {"type": "integer"}}, "additionalProperties": False},
    {"propertyNames": {"pattern": "^[a-z]"}},
    {"propertyNames": {"enum": ["a", "b"]}, "minProperties": 1},
    {"type": "object", "minProperties": 1, "maxProperties": 2},
    {"required": ["a", "b"]},
    {"not": {"required": ["a"]}},
    {"type": "object", "not": {"properties": {"a": {"type": "integer"}}}},
    {"type": "object", "not": {"patternProperties": {"^x_": {"type": "integer"}}}},
    {"type": "object", "not": {"additionalProperties": {"type": "integer"}, "properties": {"a": True}}},
    {"dependentRequired": {"a": ["b"]}},
    {"dependentSchemas": {"a": {"properties": {"b": {"type": "integer"}}, "required": ["b"]}}},
    {"anyOf": [{"type": "integer"}, {"minLength": 2, "type": "string"}]},
    {"anyOf": [{"required": ["a"]}, {"required": ["foo"]}]},
    {"oneOf": [{"type": "integer"}, {"minimum": 2}]},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {"oneOf": [{"properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"]},
               {"properties": {"kind": {"const": "dog"}, "bark": {"type": "boolean"}}, "required": ["kind"]}],
     "unevaluatedProperties": False},
    {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}]},
    {"if": {"type": "integer"}, "then": {"minimum": 2}, "else": {"maxLength": 2}},
    {"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"minProperties": 1}},
    {"not": {"not": {"type": "string"}}},
    {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"a": {"$ref": "#/$defs/node"}},
                                                "additionalProperties": {"type": "string"}}}},
    {"type": "object", "properties": {"a": {"$ref": "#"}}, "additionalProperties": False},
    {"$anchor": "top", "anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#top"}}]},
    {"properties": {"a": True}, "unevaluatedProperties": {"type": "integer"}},
    {"allOf": [{"properties": {"a": True}}], "properties": {"b": True}, "unevaluatedProperties": False},
    {"anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {"const": 2}}, "required": ["b"]}],
     "unevaluatedProperties": False},
    {"prefixItems": [{"const": 1}], "unevaluatedItems": {"type": "integer"}},
    {"allOf": [{"prefixItems": [True]}], "contains": {"const": 2}, "unevaluatedItems": False},
    {"if": {"prefixItems": [{"const": 1}], "minItems": 1}, "then": {"prefixItems": [True, True]}, "unevaluatedItems": False},
    {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}], "additionalItems": {"type": "string"}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"], "foo": {"minProperties": 2}}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"s": {"type": "string"}},
     "properties": {"a": {"$ref": "#/definitions/s", "maxLength": 0}}},
    {"$schema": "https://json-schema.org/draft/2019-09/schema", "items": [True], "unevaluatedItems": False},
]


def main():
    version = importlib.metadata.version("jsonschema")
    if version != PINNED:
        raise SystemExit(f"jsonschema {PINNED} is needed, not {version}")
    values = [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in VALUES]
    cases = []
    for schema in SCHEMAS:
        default = jsonschema.Draft202012Validator
        kind = default if isinstance(schema, bool) else jsonschema.validators.validator_for(schema, default=default)
        validator = kind(schema)
        valid = "".join("1" if validator.is_valid(value) else "0" for value in VALUES)
        cases.append({"schema": schema, "valid": valid})
    lines = ",\n  ".join(json.dumps(case, ensure_ascii=False) for case in cases)
    texts = ",\n  ".join(json.dumps(text, ensure_ascii=False) for text in values)
    (HERE / "schema_golden.json").write_text(f'{{"values": [\n  {texts}],\n "cases": [\n  {lines}]}}\n')


if __name__ == "__main__":
    main()
