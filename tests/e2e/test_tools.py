"""Tools through the official client: calls that are required are written by any model, for it can write nothing else."""
import json
from typing import Literal

import openai
import pytest
from estoc_server import demo_file
from pydantic import BaseModel, Field
from random_model import make_random_model

CONTEXT = 2048
CITIES = ["Bern", "Biel \"am\" See", "</tool_call>"]
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a city.", "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": CITIES}, "days": {"type": "integer", "minimum": 1, "maximum": 7},
                       "exact": {"type": "boolean"}},
        "required": ["city", "days"], "additionalProperties": False}}}
ADD = {"type": "function", "function": {
    "name": "add", "description": "The sum of two numbers.", "parameters": {
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0, "maximum": 99} for name in "ab"},
        "required": ["a", "b"], "additionalProperties": False}}}
TOOLS = [WEATHER, ADD]
QUESTION = [{"role": "user", "content": "How is the weather in Bern, and how much is 2 and 3?"}]


def named(name):
    return {"type": "function", "function": {"name": name}}


@pytest.fixture(scope="module")
def random_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools") / "random_like"
    return make_random_model(folder, max_position_embeddings=CONTEXT)


@pytest.fixture(params=["random", "demo"])
def server(request, start_server, random_folder):
    if request.param == "random":
        return start_server(random_folder, "--deterministic")
    if demo_file() is None:
        pytest.skip("the demo model is not in the cache")
    return start_server("demo", "--ctx", str(CONTEXT), "--threads", "2", "--deterministic")


def ask(server, messages=None, **fields):
    return server.client.chat.completions.create(
        **{"model": server.model, "messages": messages or QUESTION, "tools": TOOLS, "temperature": 0,
           "max_tokens": 300, **fields})


def gathered(chunks):
    """The message of a stream, put together as clients do, and how it ended."""
    content, calls, finish = "", {}, None
    for chunk in chunks:
        [choice] = chunk.choices
        finish = choice.finish_reason or finish
        content += choice.delta.content or ""
        for piece in choice.delta.tool_calls or []:
            if piece.id is not None:
                assert piece.index == len(calls) and piece.type == "function" and piece.function.name
                calls[piece.index] = {"id": piece.id, "name": piece.function.name, "arguments": ""}
            else:
                assert piece.function.name is None
            calls[piece.index]["arguments"] += piece.function.arguments
    return content, list(calls.values()), finish


def check(name, arguments):
    values = json.loads(arguments)
    if name == "get_weather":
        assert values["city"] in CITIES and 1 <= values["days"] <= 7 and set(values) <= {"city", "days", "exact"}
    else:
        assert name == "add" and set(values) == {"a", "b"} and all(0 <= values[key] <= 99 for key in "ab")
    return values


@pytest.mark.parametrize("choice", ["required", named("get_weather"), named("add")])
def test_a_required_call_is_written_whole_and_streamed(server, choice):
    fields = {"tool_choice": choice, "parallel_tool_calls": False}
    answer = ask(server, **fields).choices[0]
    assert answer.finish_reason == "tool_calls" and answer.message.content is None
    [call] = answer.message.tool_calls
    assert call.type == "function" and call.id.startswith("call_")
    check(call.function.name, call.function.arguments)
    if choice != "required":
        assert call.function.name == choice["function"]["name"]
    content, [streamed], finish = gathered(ask(server, stream=True, **fields))
    assert content == "" and finish == "tool_calls"
    assert (streamed["name"], streamed["arguments"]) == (call.function.name, call.function.arguments)


def test_samples_keep_to_their_tools(server):
    answer = ask(server, tool_choice="required", n=4, temperature=1.0, seed=1, max_tokens=400)
    ids = set()
    for choice in answer.choices:
        calls = choice.message.tool_calls
        assert calls, choice
        # An answer that was cut short has a last call without an end.
        for call in calls if choice.finish_reason == "tool_calls" else calls[:-1]:
            check(call.function.name, call.function.arguments)
        ids |= {call.id for call in calls}
    assert len(ids) == sum(len(choice.message.tool_calls) for choice in answer.choices)


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_of_two_tools(server, stream):
    """The calls of each turn are answered and come back with the next, as a program that serves tools does it."""
    messages = list(QUESTION)
    for name in ("get_weather", "add"):
        answer = ask(server, messages, tool_choice=named(name), stream=stream)
        if stream:
            content, calls, finish = gathered(answer)
            dumped = {"role": "assistant", "content": content or None, "tool_calls": [
                {"id": call["id"], "type": "function",
                 "function": {"name": call["name"], "arguments": call["arguments"]}} for call in calls]}
        else:
            dumped, finish = answer.choices[0].message.model_dump(), answer.choices[0].finish_reason
        assert finish == "tool_calls"
        [call] = dumped["tool_calls"]
        values = check(call["function"]["name"], call["function"]["arguments"])
        result = "sunny" if name == "get_weather" else str(values["a"] + values["b"])
        messages += [dumped, {"role": "tool", "tool_call_id": call["id"], "content": result}]
    last = ask(server, messages, tool_choice="none", max_tokens=16).choices[0]
    assert last.message.content and last.message.tool_calls is None
    assert last.finish_reason in ("stop", "length")


class Weather(BaseModel):
    """Asks for the weather."""

    city: Literal["Bern", "Basel"]
    days: int = Field(ge=1, le=7)


def test_arguments_are_parsed_by_pydantic(server):
    answer = server.client.chat.completions.parse(
        model=server.model, messages=QUESTION, tools=[openai.pydantic_function_tool(Weather)], tool_choice="required",
        parallel_tool_calls=False, temperature=0, max_tokens=200)
    [call] = answer.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Weather)


def test_tools_that_are_none_are_refused(server):
    bad = [{"type": "function", "function": {"name": "a b"}}]
    with pytest.raises(openai.BadRequestError, match="tools.0..function.name"):
        ask(server, tools=bad)
    with pytest.raises(openai.BadRequestError, match="no tool named"):
        ask(server, tool_choice=named("other"))
    strict = [{"type": "function", "function": {"name": "f", "strict": True, "parameters": {"type": "objct"}}}]
    with pytest.raises(openai.BadRequestError, match="tools: "):
        ask(server, tools=strict)
