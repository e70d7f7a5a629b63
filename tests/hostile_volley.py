#!/usr/bin/env python3
"""Hostile requests, many at once, from a process of their own: the client side of tests/hostile.py.

  hostile_volley.py PORT COUNT SEED NICE

Says `ready` once the bodies are made, and lowers its priority by NICE. For every line on its standard input it then
sends a volley of COUNT requests and prints what came of it as one line of JSON: how many were answered with which
status, what was wrong with the others, how long it took and what processor time. One thread, and bodies that the system
sends from memory by itself (sendfile): what is measured is to be the server's work and not the clients'.
"""
import collections
import json
import os
import random
import select
import socket
import sys
import time
from typing import Iterator

BODY_BYTES = (32 << 20) - 4096  # just within what the server takes
PATIENCE_S = 60
SENT_AT_ONCE = 1 << 18


def filled(begin: str, item: str, end: str, size: int = BODY_BYTES) -> bytes:
    """`begin`, as many of `item` as fit, `end`."""
    count = (size - len(begin) - len(end)) // len(item)
    return (begin + item * count).rstrip(",").encode() + end.encode()


def bodies() -> Iterator[tuple[str, str, bytes]]:
    """(name, path, body): every kind of excess, most of them as large as a body may be. Made one at a time."""
    chat, text = "/v1/chat/completions", "/v1/completions"
    user = '{"messages":[{"role":"user","content":"'
    message = '{"role":"user","content":""},'
    prompt = '{"prompt":"a",'
    yield "longest text", chat, filled(user, "a", '"}]}')
    yield "longest prompt", text, filled('{"prompt":"', "word ", '"}')
    yield "text of escapes", chat, filled(user, "\\u0041", '"}]}')
    yield "text of quotes", chat, filled(user, '\\"\\\\', '"}]}')
    yield "texts within the limit of one", text, filled('{"prompt":[', '"' + "a" * 60_000 + '",', "]}")
    yield "stop tokens", text, filled(prompt + '"n":64,"stop_token_ids":[', "1,", "]}")
    yield "biases", text, filled(prompt + '"logit_bias":{', '"1":1,', "}}")
    yield "stops", text, filled(prompt + '"stop":[', '"a",', "]}")
    yield "token ids", text, filled('{"prompt":[', "1,", "]}")
    yield "token ids within the limit", text, filled('{"prompt":[', "1,", "]}", 2_000_000)
    yield "prompts", text, filled('{"prompt":[', '"a",', "]}")
    yield "messages", chat, filled('{"messages":[', message, "]}")
    yield "messages within the limit of values", chat, filled('{"messages":[', message, "]}", 9_000_000)
    yield "fields", chat, filled("{", '"a":1,', "}")
    yield "deepest lists", chat, b"[" * BODY_BYTES
    yield "deepest objects", chat, filled("", '{"a":', "")
    yield "deep fields", chat, filled('{"messages":', "[", "")
    yield "no JSON", chat, b"\x00\xff" * (BODY_BYTES // 2)
    yield "spaces", chat, b" " * BODY_BYTES
    yield "beyond the limit", chat, b"[" * (BODY_BYTES + 8192)
    yield "many choices", text, b'{"prompt":[' + b",".join([b'"a"'] * 256) + b'],"n":128}'


class Attack:
    """One request on its way. `stops_early`: it sends only until the answer begins to come, else all of its body."""

    def __init__(self, port: int, path: str, file: int, size: int, stops_early: bool):
        self.file, self.size, self.stops_early = file, size, stops_early
        self.sent, self.received = 0, b""
        self.is_reading = False
        self.head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.socket.setblocking(False)

    def events(self) -> int:
        """What it waits for; the others of an answer that comes early look at it only when they have sent all."""
        return select.EPOLLIN if self.is_reading else select.EPOLLOUT | (select.EPOLLIN if self.stops_early else 0)

    def go_on(self, events: int) -> bool:
        """Does what can be done now; False when it is over."""
        try:
            if events & ~select.EPOLLOUT:  # readable, ended or reset: what came before a reset can still be read
                self.is_reading = True
            return self.read() if self.is_reading else self.send()
        except BlockingIOError:
            return True
        except (BrokenPipeError, ConnectionResetError):
            if self.is_reading:
                return False
            self.is_reading = True  # it need not have read all to answer
            return True

    def send(self) -> bool:
        if self.head:
            self.head = self.head[self.socket.send(self.head):]
        elif self.sent < self.size:
            count = min(SENT_AT_ONCE, self.size - self.sent)
            self.sent += os.sendfile(self.socket.fileno(), self.file, self.sent, count)
        self.is_reading = not self.head and self.sent == self.size
        return True

    def read(self) -> bool:
        more = self.socket.recv(1 << 16)
        self.received += more
        return bool(more) and b"\r\n\r\n" not in self.received

    def problem(self) -> str:
        """What is wrong with the answer, or nothing."""
        if not self.received:
            return "no answer"
        if self.status() == "503" and b"retry-after" not in self.received.lower():
            return "503 without Retry-After"
        if self.status() not in ("400", "413", "503"):
            return self.received[:300].decode(errors="replace")
        return ""

    def status(self) -> str:
        return self.received.split(b" ", 2)[1].decode()


def volley(port: int, count: int, seed: int, kinds: list[tuple[str, str, int, int]]) -> dict:
    """`count` attacks at once: how they were answered, and what was wrong."""
    chooser = random.Random(seed)
    statuses: collections.Counter = collections.Counter()
    problems = []
    begin, cpu_begin = time.monotonic(), time.process_time()
    under_way: dict[int, tuple[str, Attack]] = {}
    poll = select.epoll()

    def end(attack_fd: int) -> None:
        name, attack = under_way.pop(attack_fd)
        poll.unregister(attack_fd)
        attack.socket.close()
        if problem := attack.problem():
            problems.append(f"{name}: {problem}")
        else:
            statuses[attack.status()] += 1

    for number in range(count):
        name, path, file, size = kinds[number % len(kinds)]
        try:
            attack = Attack(port, path, file, size, chooser.random() < 0.5)
        except OSError as error:
            problems.append(f"{name}: {error!r}")
            continue
        under_way[attack.socket.fileno()] = (name, attack)
        poll.register(attack.socket, attack.events())
    while under_way and time.monotonic() - begin < PATIENCE_S:
        for fd, events in poll.poll(1):
            attack = under_way[fd][1]
            if attack.go_on(events):
                poll.modify(fd, attack.events())
            else:
                end(fd)
    for fd in list(under_way):
        end(fd)
    return {"statuses": statuses, "problems": problems, "seconds": time.monotonic() - begin,
            "cpu_seconds": time.process_time() - cpu_begin}


def main() -> None:
    port, count, seed, nice = map(int, sys.argv[1:])
    kinds = []
    for name, path, body in bodies():
        file = os.memfd_create("body")
        with os.fdopen(os.dup(file), "wb") as output:
            output.write(body)
        kinds.append((name, path, file, len(body)))
    os.nice(nice)
    print("ready", flush=True)
    for number, _ in enumerate(sys.stdin):
        print(json.dumps(volley(port, count, seed + number, kinds)), flush=True)


if __name__ == "__main__":
    main()
