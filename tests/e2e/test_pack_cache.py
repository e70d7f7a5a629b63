"""The cache of packed weights through the binary: a second start uses it, and answers the same."""
import json
import random
import time

import pytest

from estoc_server import GOLDEN, EstocServer
from test_commands import estoc

PAGE = 4096
ASK = ("run", "demo", "What is the capital of France?", "--log-level", "debug")


def packs(folder) -> list:
    return sorted(folder.glob("*.pack"))


def wait_for_pack(folder) -> None:
    """A server writes it in the background, and gives it up when it is stopped before."""
    deadline = time.monotonic() + 120
    while not packs(folder) or list(folder.glob("*.part")):
        assert time.monotonic() < deadline, "no pack was written"
        time.sleep(0.05)


def logprobs(server: EstocServer) -> str:
    answer = server.complete("The capital of France is", max_tokens=8, logprobs=20)
    return json.dumps(answer["choices"][0], sort_keys=True)


def test_second_start_is_served_from_the_pack(demo, tmp_path):
    folder = tmp_path / "packed"
    first = estoc(*ASK, "--pack-cache", folder)
    assert first.returncode == 0 and "Paris" in first.stdout, first.stderr
    assert "packed weights kept" in first.stderr
    [pack] = packs(folder)
    assert list(folder.iterdir()) == [pack], "no half file is left"
    before = pack.stat()
    second = estoc(*ASK, "--pack-cache", folder)
    assert second.returncode == 0 and second.stdout == first.stdout, second.stderr
    assert "packed weights of an earlier start" in second.stderr
    assert "packed weights kept" not in second.stderr, "nothing was packed, so nothing is written"
    assert packs(folder) == [pack]
    after = pack.stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


def test_servers_from_the_pack_answer_the_same(demo, tmp_path):
    """To the last digit: packed here, read by a second start, and read again after the pack was damaged."""
    folder = tmp_path / "packed"
    arguments = ("--ctx", "512", "--threads", "2", "--pack-cache")
    found = []
    for number, cache in enumerate(["off", folder, folder, folder]):
        if number == 3:
            with packs(folder)[0].open("r+b") as pack:
                pack.seek(5000)
                pack.write(b"\x5a" * 4096)
        log = tmp_path / f"log{number}"
        server = EstocServer("demo", log, *arguments, str(cache))
        try:
            if cache != "off":
                wait_for_pack(folder)
            if number in (2, 3):
                maps = open(f"/proc/{server.process.pid}/maps").read()
                assert (".pack" in maps) == (number == 2), "a damaged pack is not used"
            found.append(logprobs(server))
        finally:
            server.stop()
        assert ("does not match its checksum" in log.read_text()) == (number == 3)
    assert len(set(found)) == 1


def test_models_without_packed_weights_are_not_kept(tmp_path):
    """The tiny models are stored as floats: there is nothing to pack."""
    run = estoc("run", GOLDEN / "models" / "llama2_like", "a", "--max-tokens", 1, "--pack-cache", tmp_path / "packed")
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / "packed").exists()


def test_resident_memory(demo, tmp_path):
    """At the peak: 1.1 times the packed weights, what the pool of keys and values has taken, and 150 MB."""
    folder = tmp_path / "packed"
    for number in range(2):
        server = EstocServer("demo", tmp_path / f"log{number}", "--kv-memory", "4G", "--pack-cache", str(folder))
        try:
            server.complete("Once upon a time", max_tokens=16)
            pool = server.resident_of_mapping(4 << 30)
            peak = server.memory_bytes("VmHWM")
        finally:
            wait_for_pack(folder)
            server.stop()
        packed = packs(folder)[0].stat().st_size
        assert packed > 64 << 20
        besides = peak - pool
        assert besides < 1.1 * packed + 150e6, f"start {number}: {besides / 1e6:.0f} MB, {packed / 1e6:.0f} MB of weights"


@pytest.mark.parametrize("folder", ["/proc/estoc", "/dev/null/packed"])
def test_a_folder_that_cannot_be_written_is_a_warning(demo, folder):
    run = estoc("run", "demo", "What is the capital of France?", "--max-tokens", 12, "--pack-cache", folder)
    assert run.returncode == 0 and run.stdout.strip()
    assert run.stderr.count("not kept") == 1 and len(run.stderr.strip().splitlines()) == 1


def test_every_damaged_page_is_found(demo, tmp_path, request):
    """--pack-pages of them (first, last and sampled ones), with zeros and noise: found at the next start, named in a
    warning and packed again; the answer stays the same."""
    ask = ("run", "demo", "Write a short poem about the sea.", "--max-tokens", 4, "--pack-cache", tmp_path)
    expected = estoc(*ask).stdout
    [pack] = packs(tmp_path)
    good = pack.read_bytes()
    count = -(-len(good) // PAGE)
    draw = random.Random(1)
    pages = [0, 1, count - 1] + draw.sample(range(2, count - 1), request.config.getoption("--pack-pages") - 3)
    for number, page in enumerate(pages):
        length = min(PAGE, len(good) - page * PAGE)
        damage = draw.randbytes(length) if number % 2 else bytes(length)
        assert damage != good[page * PAGE:][:length], "this page would not be damaged"
        with pack.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(damage)
        again = estoc(*ask)
        assert again.returncode == 0 and again.stdout == expected, (page, again.stdout)
        assert f"packing the weights anew: {pack}" in again.stderr, (page, again.stderr)
        assert packs(tmp_path) == [pack] and pack.read_bytes() == good, page
