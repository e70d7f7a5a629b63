"""What the clients of the soak do: honest ones check every answer, the others behave as badly as clients can.

Each behaviour is a coroutine (soak, random); it raises Wrong when the server did what it must not. An honest request may
be refused with 429 or 503 and a Retry-After, and is then asked again; anything else but its right answer is wrong.
"""
import asyncio
import collections
import json
import random as random_module
from dataclasses import dataclass, field

from raw_http import Connection, get, post, request_bytes

Random = random_module.Random
SHARED = "The harbour wakes before the town does. Nets are carried out, and the gulls know it. " * 3
PROMPTS = ["Once upon a time", "The sea", SHARED + "First", SHARED + "Then", SHARED, "1 2 3 4 5", "a" * 150,
           "Why is the sky blue?", SHARED * 2 + "At last"]
PATIENCE_S = 300  # for one honest answer; machines under test are slow


class Wrong(Exception):
    """The server broke its word; the text says how."""


@dataclass
class Case:
    """An honest request, and the answer it got when it was alone."""
    path: str
    body: dict
    texts: list[str] = field(default_factory=list)


@dataclass
class Soak:
    port: int
    model: str
    long_tokens: int  # an answer long enough to be broken off
    cases: list[Case] = field(default_factory=list)
    counts: collections.Counter = field(default_factory=collections.Counter)
    alone_s: float = 1.0   # a long answer's time on the idle server
    crowd_s: float = 1.0   # and about what it may take among all the others

    def long_body(self, random: Random, **fields) -> dict:
        prompt = random.choice(PROMPTS) + f" {random.randrange(10**6)}"
        return {"model": self.model, "prompt": prompt, "max_tokens": self.long_tokens, "ignore_eos": True,
                "temperature": 0} | fields


def make_cases(model: str) -> list[Case]:
    cases = []
    for number, prompt in enumerate(PROMPTS):
        fields = {"model": model, "max_tokens": 4 + 7 * number, "ignore_eos": True, "temperature": 0}
        cases.append(Case("/v1/completions", fields | {"prompt": prompt}))
        cases.append(Case("/v1/completions", fields | {"prompt": prompt, "n": 3, "max_tokens": 9}))
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Yes."},
                    {"role": "user", "content": "And then?"}]
        cases.append(Case("/v1/chat/completions", fields | {"messages": messages[: 1 + 2 * (number % 2)]}))
    cases.append(Case("/v1/completions", {"model": model, "prompt": PROMPTS[:4], "max_tokens": 12, "ignore_eos": True,
                                          "temperature": 0}))
    return cases


def text_of(choice: dict, is_chunk: bool) -> str:
    if "text" in choice:
        return choice["text"] or ""
    return choice["delta" if is_chunk else "message"].get("content") or ""


def whole_texts(data: dict) -> list[str]:
    return [text_of(choice, False) for choice in sorted(data["choices"], key=lambda choice: choice["index"])]


def streamed_texts(events: list[dict]) -> tuple[list[str], dict]:
    """The choices' texts put together, and the usage that came last."""
    texts: dict[int, str] = {}
    usage: dict = {}
    for event in events:
        if "error" in event:
            raise Wrong(f"an honest stream ended with {event['error']}")
        for choice in event["choices"]:
            texts[choice["index"]] = texts.get(choice["index"], "") + text_of(choice, True)
        usage = event.get("usage") or usage
    return [texts[index] for index in sorted(texts)], usage


async def honest_answer(soak: Soak, random: Random, connection: Connection, case: Case, fields: dict):
    """Status 200, however often it takes."""
    while True:
        answer = await connection.call(case.path, case.body | fields)
        if answer.status == 200:
            return answer
        if answer.status not in (429, 503) or "retry-after" not in answer.headers:
            raise Wrong(f"an honest request got {answer.status}: {answer.body[:300]!r}")
        soak.counts["refused honestly"] += 1
        await asyncio.sleep(min(float(answer.headers["retry-after"]), 2) * random.uniform(0.5, 1))


async def check_honest(soak: Soak, random: Random, connection: Connection) -> None:
    case = random.choice(soak.cases)
    fields: dict = {}
    if random.random() < 0.5:
        fields |= {"priority": random.randrange(-3, 4), "user": f"u{random.randrange(5)}"}
    if random.random() < 0.3:
        fields |= {"cache_salt": random.choice("abc"), "timeout": PATIENCE_S}
    is_stream = random.random() < 0.5
    if is_stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    answer = await honest_answer(soak, random, connection, case, fields)
    texts, usage = streamed_texts(answer.events()) if is_stream else (whole_texts(answer.json()), answer.json()["usage"])
    if texts != case.texts:
        raise Wrong(f"{case.body} answered {texts}, alone it was {case.texts}")
    if usage.get("completion_tokens") != case.body["max_tokens"] * len(case.texts):
        raise Wrong(f"{case.body} has usage {usage}")


async def honest(soak: Soak, random: Random) -> None:
    """One to four requests on one connection."""
    connection = await Connection.open(soak.port)
    try:
        for _ in range(random.randrange(1, 5)):
            await asyncio.wait_for(check_honest(soak, random, connection), PATIENCE_S)
            soak.counts["honest answers"] += 1
    finally:
        connection.close()


async def stopping(soak: Soak, random: Random) -> None:
    """A stop string that is known to come: the answer is what lies before it."""
    case = random.choice([case for case in soak.cases if len(case.texts) == 1 and len(case.texts[0]) > 12])
    text = case.texts[0]
    begin = random.randrange(2, len(text) - 4)
    stop = text[begin:begin + random.randrange(2, 5)]
    connection = await Connection.open(soak.port)
    try:
        answer = await honest_answer(soak, random, connection, case, {"stop": [stop]})
    finally:
        connection.close()
    choice = answer.json()["choices"][0]
    if text_of(choice, False) != text[:text.index(stop)] or choice["finish_reason"] != "stop":
        raise Wrong(f"{case.body} with stop {stop!r} answered {choice}, without it {text!r}")


async def leaving(soak: Soak, random: Random) -> None:
    """Goes away while it waits, while its prompt is read or while its answer is made."""
    is_stream = random.random() < 0.5
    body = soak.long_body(random, stream=is_stream, n=random.choice([1, 1, 3, 16]))
    if random.random() < 0.3:
        body["prompt"] = [body["prompt"], SHARED * 2]
    connection = await Connection.open(soak.port)
    await connection.send(request_bytes("/v1/completions", body))
    try:
        delay = random.choice([0, 0.001, random.uniform(0, 1.2 * soak.alone_s), random.uniform(0, soak.crowd_s)])
        await asyncio.wait_for(connection.reader.read(random.randrange(1, 400)), delay)
    except asyncio.TimeoutError:
        pass
    finally:
        connection.close(rudely=random.random() < 0.5)


async def leaving_halfway(soak: Soak, random: Random) -> None:
    """Sends part of a request, waits, goes."""
    data = request_bytes("/v1/completions", soak.long_body(random))
    connection = await Connection.open(soak.port)
    try:
        await connection.send(data[:random.randrange(len(data))])
        await asyncio.sleep(random.uniform(0, 1))
    finally:
        connection.close(rudely=random.random() < 0.5)


async def dawdling(soak: Soak, random: Random) -> None:
    """Reads a stream in small sips for a while, then goes."""
    connection = await Connection.open(soak.port, receive_bytes=4096)
    try:
        await connection.send(request_bytes("/v1/completions", soak.long_body(random, stream=True, n=4, logprobs=5)))
        for _ in range(random.randrange(1, 12)):
            if not await asyncio.wait_for(connection.reader.read(random.randrange(1, 256)), PATIENCE_S):
                break
            await asyncio.sleep(random.uniform(0, 0.3))
    finally:
        connection.close(rudely=random.random() < 0.5)


async def hurried(soak: Soak, random: Random) -> None:
    """Gives the server hardly any time."""
    is_stream = random.random() < 0.5
    body = soak.long_body(random, timeout=random.choice([0.001, 0.01, 0.1]), stream=is_stream)
    answer = await asyncio.wait_for(post(soak.port, "/v1/completions", body), PATIENCE_S)
    if answer.status not in (200, 429, 503, 504):
        raise Wrong(f"a request with a timeout got {answer.status}: {answer.body[:300]!r}")


NOT_HTTP = [b"\x00\xff\x00\xff" * 20 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 50,
            b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
            b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nno\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"]


async def babbling(soak: Soak, random: Random) -> None:
    """Sends what is not HTTP: an error or the end of the connection, but no answer of success and no silence."""
    connection = await Connection.open(soak.port)
    try:
        data = random.choice(NOT_HTTP)
        await connection.send(data)
        if connection.writer.can_write_eof():
            connection.writer.write_eof()
        first = await asyncio.wait_for(connection.reader.read(12), 60)
        if first and not first.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5", b"HTTP/1.0 4", b"HTTP/1.0 5")):
            raise Wrong(f"{data[:60]!r} was answered with {first!r}")
    finally:
        connection.close(rudely=random.random() < 0.5)


async def misspelling(soak: Soak, random: Random) -> None:
    """Requests with one mistake: each has to be a 4xx with the usual error object."""
    body = soak.long_body(random)
    wrong = random.choice([b"{", b"", b"[]", b"\xff\xfe", b'{"model":' * 2000, json.dumps(body)[:-1].encode(),
                           body | {"prompt": 7}, body | {"max_tokens": -2}, body | {"temperature": "hot"},
                           body | {"n": 10**9}, body | {"prompt": [[10**9]]}, body | {"model": "another"},
                           body | {"prompt": "x" * 200_000}, body | {"stop": [""]}, body | {"stream": "yes"}])
    answer = await asyncio.wait_for(post(soak.port, "/v1/completions", wrong), PATIENCE_S)
    if not 400 <= answer.status < 500 or "message" not in answer.json()["error"]:
        raise Wrong(f"{str(wrong)[:100]} got {answer.status}: {answer.body[:300]!r}")


async def hauling(soak: Soak, random: Random) -> None:
    """A body beyond every limit: announced, or sent a part of."""
    connection = await Connection.open(soak.port)
    try:
        await connection.send(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n")
        with_body = random.random() < 0.5
        try:
            for _ in range(20 if with_body else 0):
                await connection.send(b"a" * 100_000)
            answer = await asyncio.wait_for(connection.head(), 60)
        except (OSError, EOFError):
            if with_body:
                return  # the server hung up on what it would not read
            raise
        if answer.status != 413:
            raise Wrong(f"a body of 9 GB got {answer.status}")
    finally:
        connection.close()


async def onlooking(soak: Soak, random: Random) -> None:
    """Asks for what costs nothing: it has to come whatever the load."""
    path = random.choice(["/health", "/v1/models", "/metrics", "/nothing"])
    answer = await asyncio.wait_for(get(soak.port, path), 60)
    if answer.status != (404 if path == "/nothing" else 200):
        raise Wrong(f"GET {path} got {answer.status}: {answer.body[:300]!r}")


# How often each, in parts.
BEHAVIOURS = {honest: 10, stopping: 3, leaving: 6, leaving_halfway: 1, dawdling: 1, hurried: 2, babbling: 1,
              misspelling: 2, hauling: 1, onlooking: 1}
MAY_BREAK = {babbling, dawdling, leaving, leaving_halfway}  # their connection may be ended by the server
