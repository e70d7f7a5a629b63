"""What a request may say about its place among others, and what the server tells of its work."""
import json
import math
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from estoc_server import GOLDEN, EstocServer

MESSAGES = [{"role": "user", "content": "Hi"}]
ENDPOINTS = {"/v1/chat/completions": {"messages": MESSAGES}, "/v1/completions": {"prompt": "Once upon a time"}}
TIMINGS = {"queue_ms", "cache_n", "prompt_n", "prompt_ms", "prompt_per_second", "predicted_n", "predicted_ms",
           "predicted_per_token_ms", "predicted_per_second", "gap_max_ms", "preemptions"}


def samples(server: EstocServer) -> dict:
    """{"name": value}, or {"name{label}": value} for the labels that are not the same everywhere."""
    answer = server.http.get("/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    values = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            own = {key: value for key, value in sample.labels.items() if key not in ("model_name", "engine")}
            name = sample.name + "".join(f"{{{value}}}" for value in own.values())
            assert name not in values, name
            is_of_server = sample.name in ("estoc_http_connections", "estoc_http_responses_total")
            assert sample.labels.get("model_name") == (None if is_of_server else server.model)
            assert not math.isnan(sample.value)
            values[name] = sample.value
    return values


def chunks_of(answer: httpx.Response) -> list[dict]:
    lines = [line[len("data: "):] for line in answer.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_fields_are_taken(server, path):
    fields = {"priority": -5, "user": "ann", "cache_salt": "tenant", "timeout": 60, "max_tokens": 3}
    answer = server.post(path, {"model": server.model, **ENDPOINTS[path], **fields})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("fields", [{"priority": 101}, {"priority": "high"}, {"timeout": 0}, {"timeout": "long"},
                                    {"cache_salt": "x" * 129}, {"user": 5}, {"timings": "yes"}])
def test_fields_are_checked(server, path, fields):
    answer = server.post(path, {"model": server.model, **ENDPOINTS[path], **fields})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == next(iter(fields))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_timings(server, path):
    body = {"model": server.model, **ENDPOINTS[path], "max_tokens": 8, "ignore_eos": True, "timings": True}
    start = time.monotonic()
    answer = server.post(path, body).json()
    elapsed_ms = 1e3 * (time.monotonic() - start)
    timings, usage = answer["timings"], answer["usage"]
    assert set(timings) == TIMINGS
    assert timings["predicted_n"] == usage["completion_tokens"] == 8
    assert timings["cache_n"] == usage["prompt_tokens_details"]["cached_tokens"]
    assert timings["prompt_n"] + timings["cache_n"] == usage["prompt_tokens"]
    assert 0 < timings["queue_ms"] + timings["prompt_ms"] + timings["predicted_ms"] <= elapsed_ms
    assert timings["predicted_per_token_ms"] == pytest.approx(timings["predicted_ms"] / 7, rel=1e-2, abs=2e-3)
    assert timings["predicted_per_token_ms"] <= timings["gap_max_ms"] + 2e-3
    for usage_fields in ({}, {"stream_options": {"include_usage": True}}):
        chunks = chunks_of(server.post(path, {**body, "stream": True, **usage_fields}))
        assert set(chunks[-1]["timings"]) == TIMINGS
        assert not any("timings" in chunk for chunk in chunks[:-1])


@pytest.mark.timing
def test_a_deadline_that_passes(server):
    body = {"model": server.model, "prompt": "Once upon a time", "max_tokens": 480, "ignore_eos": True, "timeout": 0.008}
    for _ in range(20):
        answer = server.post("/v1/completions", body)
        if answer.status_code != 503:
            break
        assert int(answer.headers["retry-after"]) >= 1  # the machine is so busy that it was not even begun
    assert answer.status_code == 504 and answer.json()["error"]["code"] == "timeout", answer.text


@pytest.mark.timing
def test_metrics_tell_a_stop_string_from_a_client_that_left(start_server):
    server = start_server(GOLDEN / "models" / "llama2_like", "--isa", "scalar")

    def added_when(name: str, action) -> dict:
        before, end = samples(server), time.monotonic() + 10
        action()
        while True:  # the engine learns of a stop string after the client has its answer
            after = samples(server)
            if after[name] > before[name] and after["estoc_requests_running"] == 0:
                return {name: after[name] - before[name] for name in after if name in before}
            assert time.monotonic() < end, f"{name} stays at {after[name]}"
            time.sleep(0.02)

    text = server.complete("Once upon a time", max_tokens=60, ignore_eos=True)["choices"][0]["text"]
    stop = text[len(text) // 4:][:3]
    for stream in (False, True):
        body = {"model": server.model, "prompt": "Once upon a time", "temperature": 0, "max_tokens": 400,
                "ignore_eos": True, "stop": stop, "stream": stream}
        added = added_when("estoc_requests_done_total", lambda: server.post("/v1/completions", body))
        assert added["estoc_requests_done_total"] == added["estoc_choices_total{stop}"] == 1
        assert added["estoc_e2e_seconds_count"] == 1
        assert added["estoc_requests_cancelled_total"] == 0

    choices = 64  # seconds of work, so that the server sees the client leave long before their end

    def leave():
        many = {**body, "stop": None, "n": choices}
        with server.http.stream("POST", "/v1/completions", json=many) as answer:
            next(answer.iter_lines())

    added = added_when("estoc_requests_cancelled_total", leave)
    assert added["estoc_requests_cancelled_total"] == added["estoc_choices_total{abort}"] == choices
    assert added["estoc_requests_done_total"] == 0


def test_metrics_count_what_was_asked(server):
    before = samples(server)
    assert server.complete([5, 6, 7, 8], max_tokens=3, ignore_eos=True)["usage"]["completion_tokens"] == 3
    assert server.post("/v1/completions", {"prompt": []}).status_code == 400
    after = samples(server)
    added = {name: after[name] - before.get(name, 0) for name in after}
    for prefix, outputs in (("estoc_", "output_tokens_total"), ("vllm:", "generation_tokens_total")):
        assert added[prefix + "prompt_tokens_total"] == 4
        assert added[prefix + outputs] == 3
    assert added["estoc_requests_done_total"] == 1
    assert added["estoc_choices_total{length}"] == added["vllm:request_success_total{length}"] == 1
    assert added["estoc_http_responses_total{400}"] == 1
    for histogram in ("estoc_ttft_seconds", "estoc_e2e_seconds", "vllm:time_to_first_token_seconds"):
        assert added[histogram + "_count"] == added[histogram + "_bucket{+Inf}"] == 1
        assert added[histogram + "_sum"] > 0
    assert added["estoc_inter_token_seconds_count"] == 2
    assert added["estoc_steps_total"] >= 3 and added["estoc_step_seconds_count"] == added["estoc_steps_total"]
    assert after["estoc_requests_running"] == after["vllm:num_requests_running"] == 0
    assert after["estoc_http_connections"] >= 1 and after["estoc_kv_blocks"] > 0
