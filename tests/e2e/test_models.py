"""Several models in one server, each with an engine of its own."""
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from estoc_server import BINARY, GOLDEN

MODELS = {"first": GOLDEN / "models" / "llama2_like", "second": GOLDEN / "models" / "qwen3_like"}
FLAGS = ["--ctx", "256", "--deterministic"]
PROMPTS = ["Once upon a time", "The sea", "a", "Tell me"]


@pytest.fixture(scope="module")
def both(start_server):
    first, second = MODELS.values()
    return start_server(first, second, "--name", "first", "--name", "second", *FLAGS)


def ask(server, model: str | None, prompt: str, stream: bool = False) -> str:
    fields = {} if model is None else {"model": model}
    body = {"prompt": prompt, "temperature": 0, "max_tokens": 24, "ignore_eos": True, **fields}
    if stream:
        return "".join(chunk.choices[0].text for chunk in server.client.completions.create(
            prompt=prompt, model=model, temperature=0, max_tokens=24, extra_body={"ignore_eos": True}, stream=True))
    answer = server.post("/v1/completions", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == (model or "first")
    return answer.json()["choices"][0]["text"]


def test_both_are_listed(both):
    models = both.client.models.list().data
    assert [model.id for model in models] == ["first", "second"]
    assert both.client.models.retrieve("second").id == "second"
    assert all(model.created > 1_600_000_000 for model in models)


def test_each_answers_beside_the_other_as_it_does_alone(both, start_server):
    """Many requests at once, to both, whole and streamed."""
    alone = {name: start_server(path, "--name", name, *FLAGS) for name, path in MODELS.items()}
    cases = [(name, prompt, stream) for prompt in PROMPTS for name in MODELS for stream in (False, True)]
    with ThreadPoolExecutor(len(cases)) as pool:
        together = list(pool.map(lambda case: ask(both, *case), cases))
    for (name, prompt, _), text in zip(cases, together):
        assert text == ask(alone[name], name, prompt), (name, prompt)
    assert len(set(together)) == len(PROMPTS) * len(MODELS), "the two models do not say the same"


def test_who_names_none_gets_the_first(both):
    assert ask(both, None, PROMPTS[0]) == ask(both, "first", PROMPTS[0])


def test_who_names_another_is_told_what_there_is(both):
    messages = [{"role": "user", "content": "a"}]
    for answer in (both.post("/v1/completions", {"model": "third", "prompt": "a"}),
                   both.post("/v1/chat/completions", {"model": "third", "messages": messages}),
                   both.http.get("/v1/models/third")):
        error = answer.json()["error"]
        assert answer.status_code == 404 and error["code"] == "model_not_found"
        assert error["message"] == 'model "third" is not served here; the models are "first", "second"'


def test_metrics_tell_them_apart(both):
    def counts(family_name: str) -> dict:
        for family in text_string_to_metric_families(both.http.get("/metrics").text):
            if family.name == family_name:
                return {sample.labels["model_name"]: sample.value for sample in family.samples}
        raise AssertionError(family_name)

    before = counts("estoc_output_tokens")
    ask(both, "second", PROMPTS[1])
    after = counts("estoc_output_tokens")
    assert list(after) == ["first", "second"]
    assert after["first"] == before["first"] and after["second"] == before["second"] + 24
    assert set(counts("vllm:num_requests_running")) == {"first", "second"}


@pytest.mark.parametrize("flags, message", [
    (["--name", "one"], "--name: got 1, expected as many as models (2), or none"),
    (["--name", "same,same"], "two models are called 'same': give each a name of its own"),
    (["/no/such/model"], "/no/such/model: no such model"),
])
def test_what_cannot_be_is_refused(flags, message):
    run = subprocess.run([str(BINARY), "serve", *map(str, MODELS.values()), "--port", "0", *flags],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and message in run.stderr


def test_a_flag_with_a_list_leaves_the_models_alone():
    """A list ends with its argument: what follows is a model."""
    run = subprocess.run([str(BINARY), "serve", "--allow-host", "a.example", "--name", "x", "/no/such/model"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and "/no/such/model: no such model" in run.stderr


def test_rounded_weights_are_said(start_server):
    """What floating-point weights became, in /health and in the log, with how far it is from as they are stored."""
    path = GOLDEN / "models" / "qwen3_tied_like"
    stored = start_server(path, "--name", "stored", *FLAGS)
    assert stored.http.get("/health").json() == {"status": "ok", "models": [{"name": "stored", "weights": "as-stored"}]}
    divergences = {}
    for kind in ("int8", "int4"):
        server = start_server(path, "--name", kind, "--weights", kind, *FLAGS)
        model, = server.http.get("/health").json()["models"]
        assert model["weights"] == kind
        divergences[kind] = model["divergence"]
        assert f"{kind}: floating-point weights are rounded to {kind}: " in server.log.read_text()
        assert ask(server, kind, PROMPTS[0])
    assert 0 < divergences["int8"] < divergences["int4"] < 1


def test_rounding_is_not_exact():
    run = subprocess.run([BINARY, "serve", GOLDEN / "models" / "qwen3_tied_like", "--compute", "exact", "--weights",
                          "int8"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 2, run
    assert "--weights int8 rounds, and --compute exact does not" in run.stderr
