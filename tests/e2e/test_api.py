"""The OpenAI API through its official client."""
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

PROMPT = "The cat sat on the mat and the dog"
MESSAGES = [{"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Tell me something about the sea."}]
IGNORE_EOS = {"ignore_eos": True}


def chat(server, **fields):
    return server.client.chat.completions.create(
        **{"model": server.model, "messages": MESSAGES, "temperature": 0, "max_tokens": 16, **fields})


def complete(server, **fields):
    return server.client.completions.create(
        **{"model": server.model, "prompt": PROMPT, "temperature": 0, "max_tokens": 16, **fields})


def test_models(server):
    models = server.client.models.list().data
    assert [model.id for model in models] == [server.model]
    assert models[0].object == "model"
    assert server.client.models.retrieve(server.model).id == server.model


def test_chat(server):
    answer = chat(server)
    assert answer.object == "chat.completion" and answer.model == server.model
    assert answer.id.startswith("chatcmpl-") and answer.created > 1_600_000_000
    [choice] = answer.choices
    assert choice.index == 0 and choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("stop", "length") and choice.logprobs is None
    assert 0 < answer.usage.completion_tokens <= 16
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_dumped_messages_come_back(server):
    """An answer as the client's own object dumps it, whole or without its text, is a turn of the next request."""
    dumped = chat(server).choices[0].message.model_dump()
    assert None in dumped.values(), "the dump has members that say nothing"
    question = {"role": "user", "content": "And the wind?", "name": None}
    assert chat(server, messages=[*MESSAGES, dumped, question]).choices[0].message.content
    assert chat(server, messages=[*MESSAGES, dumped | {"content": None, "refusal": "No."}, question]).choices
    assert chat(server, messages=[*MESSAGES, {"role": "assistant"}, question]).choices


def test_tools_that_may_not_be_called(server):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    without = chat(server)
    answer = chat(server, tools=tools, tool_choice="none", parallel_tool_calls=False)
    assert answer.choices[0].message.content == without.choices[0].message.content
    assert answer.usage.prompt_tokens == without.usage.prompt_tokens


def test_chat_stream(server):
    whole = chat(server)
    chunks = list(chat(server, stream=True))
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == [
        whole.choices[0].finish_reason]
    assert all(chunk.usage is None for chunk in chunks)


def test_completion(server):
    answer = complete(server, extra_body=IGNORE_EOS)
    assert answer.object == "text_completion" and answer.id.startswith("cmpl-")
    [choice] = answer.choices
    assert choice.text and choice.finish_reason == "length"
    assert answer.usage.completion_tokens == 16
    chunks = list(complete(server, stream=True, extra_body=IGNORE_EOS))
    assert "".join(chunk.choices[0].text for chunk in chunks) == choice.text
    assert chunks[-1].choices[0].finish_reason == "length"


def test_stream_usage(server):
    whole = chat(server)
    *chunks, last = chat(server, stream=True, stream_options={"include_usage": True})
    assert last.choices == [] and all(chunk.usage is None and len(chunk.choices) == 1 for chunk in chunks)
    assert last.usage.prompt_tokens == whole.usage.prompt_tokens
    assert last.usage.completion_tokens == whole.usage.completion_tokens
    assert last.usage.total_tokens == whole.usage.total_tokens


@pytest.mark.parametrize("count", [1, 2, 7])
def test_max_tokens(server, count):
    answer = complete(server, max_tokens=count, extra_body=IGNORE_EOS)
    assert answer.usage.completion_tokens == count and answer.choices[0].finish_reason == "length"
    answer = chat(server, max_tokens=None, max_completion_tokens=count, extra_body=IGNORE_EOS)
    assert answer.usage.completion_tokens == count and answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
def test_stop(server, stream):
    text = complete(server, max_tokens=48, extra_body=IGNORE_EOS).choices[0].text
    middle = len(text) // 2
    stop = text[middle : middle + 3]
    answer = complete(server, max_tokens=48, stop=["\x01never", stop], stream=stream, extra_body=IGNORE_EOS)
    choices = [chunk.choices[0] for chunk in (answer if stream else [answer]) if chunk.choices]
    assert "".join(choice.text for choice in choices) == text[: text.index(stop)]
    assert choices[-1].finish_reason == "stop"


@pytest.mark.parametrize("top", [0, 5, 20])
def test_chat_logprobs(server, top):
    choice = chat(server, logprobs=True, top_logprobs=top, extra_body=IGNORE_EOS).choices[0]
    entries = choice.logprobs.content
    assert len(entries) == 16
    for entry in entries:
        values = [candidate.logprob for candidate in entry.top_logprobs]
        assert len(values) == top and values == sorted(values, reverse=True)
        assert entry.logprob <= 0 and sum(map(math.exp, values)) <= 1 + 1e-4
        if top:
            assert entry.logprob == values[0], "a greedy choice is the likeliest"
    streamed = [entry for chunk in chat(server, logprobs=True, top_logprobs=top, stream=True, extra_body=IGNORE_EOS)
                if chunk.choices[0].logprobs for entry in chunk.choices[0].logprobs.content]
    assert [(entry.token, entry.logprob) for entry in streamed] == [(entry.token, entry.logprob) for entry in entries]


def test_completion_logprobs(server):
    choice = complete(server, logprobs=5, extra_body=IGNORE_EOS).choices[0]
    logprobs = choice.logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.text_offset) == 16
    assert len(logprobs.top_logprobs) == 16
    for token, value, top in zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs):
        assert top[token] == pytest.approx(value, abs=1e-6) and value == pytest.approx(max(top.values()), abs=1e-6)


def test_seed(server):
    def sample(seed):
        return complete(server, temperature=1.0, seed=seed, max_tokens=24, extra_body=IGNORE_EOS).choices[0].text

    assert sample(7) == sample(7)
    assert len({sample(seed) for seed in range(5)}) > 1


def test_temperature_zero_repeats(server):
    assert chat(server).choices[0].message.content == chat(server).choices[0].message.content


def test_eight_at_once(server):
    prompts = [f"{PROMPT} number {number} " + "went over the hill and " * number for number in range(8)]

    def ask(prompt):
        return complete(server, prompt=prompt, max_tokens=24 + len(prompt) % 9, extra_body=IGNORE_EOS).choices[0].text

    alone = [ask(prompt) for prompt in prompts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, prompts))
    assert together == alone


def test_many_prompts_in_one_request(server):
    prompts = [PROMPT, "One two three", [5, 6, 7, 8]]
    for prompt in prompts[:2]:
        assert complete(server, prompt=[prompt]).choices[0].text == complete(server, prompt=prompt).choices[0].text
    answer = complete(server, prompt=prompts[:2])
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert complete(server, prompt=prompts[2]).usage.prompt_tokens == 4
