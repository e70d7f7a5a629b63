"""The running server against log-probabilities computed by another implementation (tests/golden)."""
import json

import pytest

from estoc_server import GOLDEN, TINY

EXACT = ("--compute", "exact")


def top_logprobs(server, prompt: list[int]) -> dict[str, float]:
    """The 20 likeliest next tokens by their spelling."""
    answer = server.complete(prompt, max_tokens=1, logprobs=20, ignore_eos=True)
    return answer["choices"][0]["logprobs"]["top_logprobs"][0]


def compare(found: dict[str, float], expected: list[tuple[str, float]], tolerance: float, where: str) -> float:
    """Asserts agreement and returns the largest difference.

    Values are compared by rank; spellings too, where a token is whole text. A token as likely as the last one (within
    the tolerance) may be missing from the other side's 20.
    """
    ranked = sorted(found.values(), reverse=True)
    values = [value for _, value in expected]
    if len(ranked) >= len(values):
        worst = max(abs(a - b) for a, b in zip(ranked, values))
        assert worst <= tolerance, f"{where}: by rank the log-probabilities differ by {worst:.2g}"
    worst, compared = 0.0, 0
    for text, value in expected:
        if "\ufffd" in text or value - values[-1] <= tolerance:
            continue
        assert text in found, f"{where}: {text!r} (log-probability {value}) is missing in {found}"
        worst, compared = max(worst, abs(found[text] - value)), compared + 1
    assert compared >= 10, f"{where}: only {compared} tokens could be compared"
    assert worst <= tolerance, f"{where}: log-probabilities differ by {worst:.2g}"
    return worst


@pytest.mark.parametrize("name", TINY)
def test_tiny(start_server, name):
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    server = start_server(GOLDEN / "models" / name, "--ctx", str(golden.get("context", 512)), *EXACT)
    vocab = json.loads((GOLDEN / "models" / name / "tokenizer.json").read_text())["model"]["vocab"]
    spelling = {id: token.replace("Ġ", " ").replace("Ċ", "\n") for token, id in vocab.items()}
    for case in golden["cases"]:
        for place in case["positions"]:
            expected = [(spelling[id], value) for id, value in place["top"]]
            compare(top_logprobs(server, case["prompt"][: place["position"] + 1]), expected, golden["tolerance"],
                    f"{name}, {case['name']}, position {place['position']}")


SMOLLM2 = json.loads((GOLDEN / "smollm2.json").read_text())


@pytest.mark.parametrize("case", SMOLLM2["cases"], ids=lambda case: case["name"])
def test_demo(start_server, demo, case):
    server = start_server("demo", "--ctx", "2048", "--threads", "2", *EXACT)
    last = case["positions"][-1]
    assert last["position"] == len(case["prompt"]) - 1
    expected = [(text, value) for text, (_, value) in zip(case["last_texts"], last["top"])]
    compare(top_logprobs(server, case["prompt"]), expected, SMOLLM2["tolerance"], case["name"])
