"""--deterministic: the same request gives the same tokens and log-probabilities, alone and in company."""
import concurrent.futures
import random

import pytest

from conftest import NO_DEMO
from estoc_server import GOLDEN, demo_file

TEXT = "The quick brown fox jumps over the lazy dog while seven wise owls count the stars above the old mill. " * 2
ASKED = {"prompt": "Once upon a time there was a miller who", "max_tokens": 40, "logprobs": 5, "echo": True}


@pytest.fixture(scope="module", params=["tiny", "demo"])
def deterministic_server(request, start_server):
    if request.param == "tiny":
        return start_server(GOLDEN / "models" / "llama2_like", "--ctx", "512", "--deterministic")
    if demo_file() is None:
        pytest.skip(NO_DEMO)
    return start_server("demo", "--ctx", "512", "--threads", "2", "--batch-tokens", "128", "--deterministic")


@pytest.mark.parametrize("sampling", [{"temperature": 0}, {"temperature": 0.9, "top_p": 0.9, "seed": 7}],
                         ids=["greedy", "sampled"])
def test_same_answer_alone_and_under_load(deterministic_server, sampling):
    server = deterministic_server
    alone = server.complete(**ASKED, **sampling)["choices"][0]
    assert len(alone["logprobs"]["tokens"]) > 40
    source = random.Random(1)

    def neighbour(_):
        start = source.randrange(100)
        server.complete(TEXT[start:start + source.randrange(1, 100)], max_tokens=source.randrange(5, 40))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        load = [pool.submit(neighbour, i) for i in range(48)]
        answers = [pool.submit(server.complete, **ASKED, **sampling) for _ in range(4)]
        for future in load:
            future.result()
    for answer in answers:
        assert answer.result()["choices"][0] == alone
