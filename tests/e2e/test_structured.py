"""Answers that keep to schemas, expressions and grammars, through the official client."""
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

import jsonschema
import openai
import pytest
from pydantic import BaseModel, Field

from json_schemas import COLOUR, INTEGER, WRITTEN, random_schema, record, text

MESSAGES = [{"role": "user", "content": "Describe something in JSON."}]
NAMED = record(name=text(20), age=INTEGER, colour=COLOUR)


def chat(server, **fields):
    return server.client.chat.completions.create(
        **{"model": server.model, "messages": MESSAGES, "temperature": 1, "max_tokens": 300, "seed": 1, **fields})


def schema_format(schema) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}


def check(answer: str, schema) -> None:
    jsonschema.validate(json.loads(answer), schema, cls=jsonschema.Draft202012Validator,
                        format_checker=jsonschema.FormatChecker())


def streamed(server, **fields) -> tuple[str, str]:
    """The text and how it ended."""
    answer, finish = "", None
    for chunk in chat(server, stream=True, **fields):
        [choice] = chunk.choices
        answer += choice.delta.content or ""
        finish = choice.finish_reason or finish
    return answer, finish


def test_json_schema_whole_and_streamed(server):
    for seed in range(3):
        whole = chat(server, response_format=schema_format(NAMED), seed=seed).choices[0]
        assert whole.finish_reason == "stop"
        check(whole.message.content, NAMED)
        assert streamed(server, response_format=schema_format(NAMED), seed=seed) == (whole.message.content, "stop")


def test_every_choice_keeps_to_it_and_they_differ(server):
    choices = chat(server, response_format=schema_format(NAMED), n=4).choices
    for choice in choices:
        check(choice.message.content, NAMED)
    assert len({choice.message.content for choice in choices}) > 1


def test_json_object(server):
    choice = chat(server, response_format={"type": "json_object"}, max_tokens=400).choices[0]
    if choice.finish_reason == "stop":
        assert isinstance(json.loads(choice.message.content), dict)
    assert choice.message.content.startswith("{")


class Kind(str, Enum):
    tree = "tree"
    animal = "animal"


class Leg(BaseModel):
    length: int = Field(ge=0, le=100)


class Thing(BaseModel):
    kind: Kind
    name: str = Field(max_length=20)
    legs: list[Leg] = Field(max_length=3)
    parent: str | None = Field(max_length=10)


def test_parse_with_a_model(server):
    answer = server.client.chat.completions.parse(model=server.model, messages=MESSAGES, response_format=Thing,
                                                  max_tokens=400, temperature=1, seed=3)
    assert isinstance(answer.choices[0].message.parsed, Thing)


@pytest.mark.parametrize("fields, pattern", [
    ({"structured_outputs": {"regex": r"\d{3}-[a-f]{2}"}}, r"\d{3}-[a-f]{2}"),
    ({"structured_outputs": {"choice": ["positive", "negative"]}}, "positive|negative"),
    ({"structured_outputs": {"grammar": 'root ::= "a" "b"+ [cd]'}}, "ab+[cd]"),
    ({"structured_outputs": {"grammar": 'start: "a" /b+/ ("c" | "d")'}}, "ab+[cd]"),
    ({"guided_choice": ["one", "two"]}, "one|two"),
    ({"guided_regex": "[xyz]{5}"}, "[xyz]{5}"),
    ({"grammar": "root ::= [0-9] root?"}, "[0-9]+"),
    ({"json_schema": {"type": "boolean"}}, "true|false"),
])
def test_other_kinds_in_chats_and_completions(server, fields, pattern):
    answer = chat(server, extra_body=fields, max_tokens=60).choices[0]
    if answer.finish_reason == "stop":
        assert re.fullmatch(pattern, answer.message.content)
    answer = server.complete("It is", max_tokens=60, temperature=1, **fields)["choices"][0]
    if answer["finish_reason"] == "stop":
        assert re.fullmatch(pattern, answer["text"])


def test_structural_tag(server):
    tag = {"type": "structural_tag", "triggers": ["<"],
           "structures": [{"begin": "<n>", "schema": {"type": "integer", "maximum": 99, "minimum": 0}, "end": "</n>"}]}
    answer = server.complete("<n>1</n> <n>2</n> <n>3</n>", max_tokens=40, response_format=tag)["choices"][0]["text"]
    cut = r"<(n(>(\d{1,2}(<(/n?)?)?)?)?)?"  # by the length
    assert re.fullmatch(rf"(?s)([^<]|<n>\d{{1,2}}</n>)*({cut})?", answer)


def test_log_probabilities_change_no_token(server):
    """With them every token is computed; without, those that are forced are not."""
    for seed in range(3):
        plain = chat(server, response_format=schema_format(NAMED), seed=seed).choices[0]
        told = chat(server, response_format=schema_format(NAMED), seed=seed, logprobs=True, top_logprobs=2).choices[0]
        assert told.message.content == plain.message.content
        assert b"".join(bytes(item.bytes) for item in told.logprobs.content).decode() == plain.message.content
        assert all(item.logprob <= 0 for item in told.logprobs.content)


def test_blanks_and_the_order_of_properties(server):
    loose = {"disable_any_whitespace": False, "property_order": "any"}
    seen = set()
    for seed in range(8):
        answer = chat(server, response_format=schema_format(NAMED), extra_body={"structured_outputs": loose}, seed=seed)
        if answer.choices[0].finish_reason == "stop":
            check(answer.choices[0].message.content, NAMED)
            seen.add(next(iter(json.loads(answer.choices[0].message.content))))
    assert seen


def test_limits_of_length(server):
    choice = chat(server, response_format=schema_format(record(name={"type": "string", "minLength": 200})),
                  max_tokens=20).choices[0]
    assert choice.finish_reason == "length"
    short = chat(server, response_format=schema_format({"enum": [True]}), extra_body={"min_tokens": 50,
                                                                                      "ignore_eos": True}).choices[0]
    assert (short.message.content, short.finish_reason) == ("true", "stop")


def test_stop_strings_and_tokens_count(server):
    answer = chat(server, response_format=schema_format(NAMED), stop=["age"])
    assert answer.choices[0].message.content.endswith('"') and answer.choices[0].finish_reason == "stop"
    whole = chat(server, response_format=schema_format(NAMED))
    assert 0 < whole.usage.completion_tokens <= 300


@pytest.mark.parametrize("fields, param, part", [
    ({"response_format": schema_format({"type": "objekt"})}, "response_format.json_schema.schema", "type"),
    ({"response_format": schema_format({"properties": {"a": {"minimum": "x"}}})},
     "response_format.json_schema.schema", "/properties/a"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing"),
    ({"response_format": {"type": "json_object"}, "extra_body": {"guided_regex": "a"}}, "guided_regex", "already"),
    ({"extra_body": {"structured_outputs": {"regex": "("}}}, "structured_outputs.regex", "regex"),
    ({"extra_body": {"grammar": "root ::= nothing"}}, "grammar", "nothing"),
])
def test_errors_name_field_and_keyword(server, fields, param, part):
    with pytest.raises(openai.BadRequestError) as error:
        chat(server, **fields)
    assert error.value.param == param and part in error.value.message


def test_a_client_that_leaves(server):
    stream = chat(server, stream=True, response_format=schema_format(record(name={"type": "string", "minLength": 400})),
                  max_tokens=400)
    next(iter(stream))
    stream.close()
    check(chat(server, response_format=schema_format(NAMED)).choices[0].message.content, NAMED)


def run_schemas(server, schemas, workers: int) -> None:
    """Validates what has ended; at most one in twenty is cut off. Every fourth request comes with one without a schema."""
    def one(job):
        number, schema = job
        if number % 4 == 3:
            chat(server, seed=number, max_tokens=60)
        choice = chat(server, response_format=schema_format(schema), seed=number, max_tokens=1024).choices[0]
        assert choice.finish_reason in ("stop", "length")
        if choice.finish_reason == "stop":
            check(choice.message.content, schema)
        return choice.finish_reason == "length" and f"{json.dumps(schema)}: {choice.message.content[-100:]}"

    with ThreadPoolExecutor(workers) as pool:
        cut = [told for told in pool.map(one, enumerate(schemas)) if told]
    print(f"{len(cut)} of {len(schemas)} cut off", *cut, sep="\n")
    assert len(cut) <= len(schemas) / 20


@pytest.mark.parametrize("workers", [1, 32])
def test_forty_schemas(demo, start_server, workers):
    server = start_server("demo", "--ctx", "2048", "--threads", "2", "--json-warmup")
    run_schemas(server, WRITTEN, workers)
    metrics = server.http.get("/metrics").text
    assert re.search(r"^estoc_forced_tokens_total\{.*\} [1-9]", metrics, re.M)
    assert re.search(r"^estoc_constraints_compiled_total\{.*\} [1-9]", metrics, re.M)


@pytest.mark.skipif("not config.getoption('--schemas')", reason="--schemas says how many")
def test_random_schemas(demo, start_server, request):
    server = start_server("demo", "--ctx", "2048", "--threads", "2", "--json-warmup")
    draw = random.Random(7)
    schemas = [random_schema(draw) for _ in range(request.config.getoption("--schemas"))]
    run_schemas(server, schemas, 32)


def test_run_command(demo, tmp_path):
    import subprocess
    from estoc_server import BINARY
    (tmp_path / "schema.json").write_text(json.dumps(NAMED))
    (tmp_path / "grammar").write_text('root ::= "yes" | "no"')
    ask = [BINARY, "run", "demo", "Who are you?", "--temperature", "1", "--max-tokens", "200"]
    check(subprocess.check_output([*ask, "--schema", tmp_path / "schema.json"], text=True), NAMED)
    assert subprocess.check_output([*ask, "--grammar", tmp_path / "grammar"], text=True).strip() in ("yes", "no")
    assert re.fullmatch("[a-c]{4}", subprocess.check_output([*ask, "--regex", "[a-c]{4}"], text=True).strip())
    wrong = subprocess.run([*ask, "--regex", "("], capture_output=True, text=True)
    assert wrong.returncode == 2 and "regular expression" in wrong.stderr
