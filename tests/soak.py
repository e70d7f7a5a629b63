#!/usr/bin/env python3
"""A soak: many clients, honest and not, at once for minutes; then nothing must be left of them.

  build/venv/bin/python tests/soak.py [--seconds 600] [--clients 24] [--model tiny|demo|PATH] [--seed N]

Starts `estoc serve` with little KV memory, so that requests wait for blocks and displace each other, and lets each
client do one thing after the other (soak_clients.py), chosen by its seed. Greedy answers must be the same as alone, so
the server is deterministic. At the end: no honest request failed, GET /metrics shows nothing running, waiting or in use,
resident memory did not grow over the second half, and the server stops with code 0 and without a sanitizer's report.
"""
import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from estoc_server import GOLDEN, EstocServer  # noqa: E402
from raw_http import get, post  # noqa: E402
from soak_clients import BEHAVIOURS, MAY_BREAK, Soak, Wrong, make_cases, whole_texts  # noqa: E402

CONTEXT = 512
GAUGES = ("estoc_requests_running", "estoc_requests_waiting", "estoc_kv_blocks_used")
IDLE_SECONDS = 20


def say(text: str) -> None:
    print(f"soak: {text}", file=sys.stderr, flush=True)


async def metric(port: int, name: str) -> float:
    answer = await get(port, "/metrics")
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)", answer.body.decode(), re.MULTILINE)
    if answer.status != 200 or not found:
        raise Wrong(f"GET /metrics got {answer.status} and tells no {name}")
    return float(found.group(1))


async def learn_answers(soak: Soak, clients: int) -> None:
    """What each case answers on the idle server, one after the other; and how long a long answer takes."""
    for case in make_cases(soak.model):
        answer = await post(soak.port, case.path, case.body)
        assert answer.status == 200, f"{case.body}: {answer.status} {answer.body!r}"
        case.texts = whole_texts(answer.json())
        soak.cases.append(case)
    begin = time.monotonic()
    answer = await post(soak.port, "/v1/completions", soak.long_body(random.Random(0)))
    assert answer.status == 200, answer.body
    soak.alone_s = time.monotonic() - begin
    soak.crowd_s = soak.alone_s * clients / 2


async def client(soak: Soak, seed: str, deadline: float, problems: list[str]) -> None:
    chooser = random.Random(seed)
    while time.monotonic() < deadline and not problems:
        behaviour = chooser.choices(list(BEHAVIOURS), list(BEHAVIOURS.values()))[0]
        soak.counts[behaviour.__name__] += 1
        try:
            await behaviour(soak, chooser)
        except Wrong as wrong:
            problems.append(f"{behaviour.__name__}: {wrong}")
        except (OSError, EOFError) as error:
            if behaviour not in MAY_BREAK:
                problems.append(f"{behaviour.__name__}: the connection broke: {error!r}")
        except asyncio.TimeoutError:
            problems.append(f"{behaviour.__name__}: no answer in time")


async def sample_memory(pid: int, samples: list[tuple[float, float]], deadline: float) -> None:
    while time.monotonic() < deadline:
        resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        samples.append((time.monotonic(), int(resident.group(1)) / 1024))
        await asyncio.sleep(0.5)


def growth(samples: list[tuple[float, float]]) -> float:
    """MiB that a line through the second half's samples rises in that half."""
    half = samples[len(samples) // 2:]
    times, sizes = zip(*half)
    return statistics.linear_regression(times, sizes).slope * (times[-1] - times[0])


async def check_idle(soak: Soak) -> list[str]:
    """Everything the clients used is free again."""
    deadline = time.monotonic() + IDLE_SECONDS
    while True:
        try:
            left = {name: await metric(soak.port, name) for name in GAUGES}
        except Wrong as wrong:
            return [str(wrong)]
        if not any(left.values()):
            return []
        if time.monotonic() > deadline:
            return [f"{IDLE_SECONDS} s after the last client: {left}"]
        await asyncio.sleep(0.2)


async def run_clients(server: EstocServer, arguments) -> list[str]:
    soak = Soak(server.port, server.model, arguments.long_tokens)
    await learn_answers(soak, arguments.clients)
    say(f"{arguments.clients} clients for {arguments.seconds:.0f} s, seed {arguments.seed}; a long answer alone takes "
        f"{soak.alone_s * 1e3:.0f} ms")
    problems: list[str] = []
    samples: list[tuple[float, float]] = []
    deadline = time.monotonic() + arguments.seconds
    await asyncio.gather(sample_memory(server.process.pid, samples, deadline),
                         *(client(soak, f"{arguments.seed}/{number}", deadline, problems)
                           for number in range(arguments.clients)))
    if server.process.poll() is not None:
        return [*problems, f"the server ended with code {server.process.returncode}"]
    problems += await check_idle(soak)
    for case in soak.cases:  # the server is as good as new
        answer = await post(soak.port, case.path, case.body)
        if answer.status != 200 or whole_texts(answer.json()) != case.texts:
            problems.append(f"afterwards {case.body} got {answer.status}: {answer.body[:300]!r}")
    grown = growth(samples)
    say(", ".join(f"{name} {count}" for name, count in sorted(soak.counts.items())))
    say(f"resident {samples[0][1]:.0f} MiB at first, {samples[-1][1]:.0f} at the end; second half {grown:+.1f} MiB")
    if grown > arguments.growth_mib:
        problems.append(f"memory grew by {grown:.1f} MiB in the second half, expected at most {arguments.growth_mib}")
    if not soak.counts["honest answers"]:
        problems.append("no honest request was answered at all")
    return problems


def soak(arguments, log: Path) -> list[str]:
    """What went wrong, in sentences."""
    model = GOLDEN / "models" / "smollm2_like" if arguments.model == "tiny" else arguments.model
    server = EstocServer(model, log, "--ctx", str(CONTEXT), "--kv-memory", arguments.kv_memory, "--threads", "2",
                         "--deterministic", "--pack-cache", "off", *arguments.server_args.split())
    try:
        problems = asyncio.run(run_clients(server, arguments))
    finally:
        try:
            server.stop()
            problems_at_end = []
        except AssertionError as error:
            problems_at_end = [str(error)]
    text = log.read_text(errors="replace")
    if "Sanitizer" in text:
        problems_at_end.append("the server printed a sanitizer's report:\n" + text[text.index("Sanitizer") - 100:][:6000])
    return problems + problems_at_end


def parse_arguments(words=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--model", default="tiny", help="tiny (made of random numbers), demo, or a path")
    parser.add_argument("--seed", type=int, default=None, help="of what clients do; default another one each time")
    parser.add_argument("--kv-memory", default=None, help="of the server; default enough for a few requests only")
    parser.add_argument("--long-tokens", type=int, default=None, help="length of answers that are broken off")
    parser.add_argument("--growth-mib", type=float, default=12, help="memory that may be gained in the second half")
    parser.add_argument("--server-args", default="", help="further flags of the server, in one string")
    arguments = parser.parse_args(words)
    if arguments.seed is None:
        arguments.seed = random.randrange(10**6)
    arguments.kv_memory = arguments.kv_memory or ("512K" if arguments.model == "tiny" else "96M")
    arguments.long_tokens = arguments.long_tokens or (300 if arguments.model == "tiny" else 150)
    return arguments


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        problems = soak(arguments, Path(folder) / "log")
    for problem in problems:
        say(problem)
    say("failed" if problems else "passed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
