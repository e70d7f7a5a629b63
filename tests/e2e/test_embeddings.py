"""Vectors and scores: embeddings through the official client, reranking and scores by their JSON."""
import base64
import json
import math
import random
import signal
import socket
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families

from estoc_server import BINARY, GOLDEN, EstocServer
from tiny_encoder import golden_texts, make_encoder

LIMIT = 64  # tokens of a text, as sentence_bert_config.json says
# Two thousand texts, which take a while.
LONG = {"input": [" ".join(f"w{5 + (i + j) % 90}" for j in range(60)) for i in range(2000)]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An embedder, a scorer and a model that generates, side by side."""
    folder = tmp_path_factory.mktemp("encoders")
    one = EstocServer(make_encoder("minilm_like", folder), folder / "log",
                      str(make_encoder("bert_scores_like", folder)), str(GOLDEN / "models" / "llama2_like"),
                      "--name", "vectors", "--name", "scores", "--name", "words", "--deterministic", "--ctx", "128")
    yield one
    one.stop()


def embed(server, texts, **fields) -> list[list[float]]:
    answer = server.client.embeddings.create(model="vectors", input=texts, **fields)
    assert [item.index for item in answer.data] == list(range(len(answer.data)))
    return [item.embedding for item in answer.data]


def metric(server, name: str, model: str = "vectors") -> float:
    for family in text_string_to_metric_families(server.http.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name and sample.labels == {"model_name": model}:
                return sample.value
    raise AssertionError(f"no sample of {name} for {model}")


def cosine(a, b) -> float:
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def words(chooser: random.Random, most: int = 40) -> str:
    return " ".join(f"w{chooser.randrange(5, 96)}" for _ in range(chooser.randint(1, most)))


def test_models_say_what_they_do(server):
    cards = server.http.get("/v1/models").json()["data"]
    assert [(card["id"], card["task"]) for card in cards] == [("vectors", "embed"), ("scores", "score"),
                                                              ("words", "generate")]
    assert cards[0]["dimensions"] == 64 and cards[0]["max_model_len"] == LIMIT
    assert cards[0]["architecture"] == "BertModel"


def test_vectors_are_those_of_transformers(server):
    texts = [text for text in golden_texts("minilm_like") if "segments" not in text]
    for form in ({}, {"encoding_format": "float"}):  # by itself the client asks for base64
        found = embed(server, [text["tokens"] for text in texts], **form)
        for vector, text in zip(found, texts, strict=True):
            assert vector == pytest.approx(text["result"], abs=0.02)
            assert cosine(vector, text["result"]) > 0.999


def test_every_form_of_input(server):
    [from_text] = embed(server, "w7 w8 w9")
    [from_ids] = embed(server, [2, 7, 8, 9, 3])
    [first, second] = embed(server, ["w7 w8 w9", "w10"])
    assert from_text == from_ids == first != second
    assert embed(server, [[2, 7, 8, 9, 3], [2, 10, 3]]) == [first, second]
    answer = server.client.embeddings.create(model="vectors", input=["w7 w8 w9", "w10", "other"])
    assert answer.object == "list" and answer.model == "vectors" and answer.data[0].object == "embedding"
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 5 + 3 + 3
    assert server.client.embeddings.create(model="vectors", input="").usage.prompt_tokens == 2


def test_base64_is_the_bytes_of_the_floats(server):
    body = {"input": "w7 w8", "model": "vectors"}
    floats = server.post("/v1/embeddings", body).json()["data"][0]["embedding"]
    text = server.post("/v1/embeddings", body | {"encoding_format": "base64"}).json()["data"][0]["embedding"]
    packed = struct.pack(f"<{len(floats)}f", *floats)
    assert base64.b64decode(text, validate=True) == packed


def test_dimensions(server):
    [whole] = embed(server, "w7 w8")
    for count in (1, 8, 63, 64):
        [cut] = embed(server, "w7 w8", dimensions=count)
        length = math.sqrt(sum(x * x for x in whole[:count]))
        assert cut == pytest.approx([x / length for x in whole[:count]], abs=1e-6)
    with pytest.raises(openai.BadRequestError, match="from 1 to 64, got 65"):
        embed(server, "w7", dimensions=65)


def test_many_texts_are_each_what_they_are_alone(server):
    chooser = random.Random(1)
    texts = [words(chooser) for _ in range(500)]
    together = embed(server, texts)
    assert len(together) == 500
    for index in chooser.sample(range(500), 20):
        assert embed(server, texts[index]) == [together[index]]


def test_sixteen_clients_get_what_one_would(server):
    chooser = random.Random(2)
    lists = [[words(chooser, 60) for _ in range(chooser.choice((1, 2, 30)))] for _ in range(48)]
    alone = [embed(server, texts) for texts in lists]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda texts: embed(server, texts), lists)) == alone


def test_a_long_list_keeps_nobody_waiting(server):
    with ThreadPoolExecutor(1) as pool:
        long_one = pool.submit(server.post, "/v1/embeddings", LONG)
        answers = 0
        while not long_one.done():
            assert len(embed(server, "w7")) == 1
            answers += 1
        assert long_one.result().status_code == 200
        assert len(long_one.result().json()["data"]) == 2000
    assert answers >= 3


def test_texts_that_are_too_long(server):
    text = " ".join(["w7"] * 70)
    with pytest.raises(openai.BadRequestError, match=f"has 72 tokens, and the model reads at most {LIMIT}") as caught:
        embed(server, ["w5", text])
    assert caught.value.param == "input[1]" and caught.value.code == "context_length_exceeded"
    cut = {"truncate_prompt_tokens": -1}
    assert embed(server, text, extra_body=cut) == embed(server, " ".join(["w7"] * 62))
    mixed = "w8 " + text
    assert embed(server, mixed, extra_body=cut | {"truncation_side": "left"}) == embed(server, " ".join(["w7"] * 62))
    assert embed(server, mixed, extra_body={"truncate_prompt_tokens": 4}) == embed(server, "w8 w7")


@pytest.mark.parametrize("fields, param", [
    ({}, "input"), ({"input": []}, "input"), ({"input": 5}, "input"), ({"input": {"a": 1}}, "input"),
    ({"input": ["a", 5]}, "input[1]"), ({"input": [5, "a"]}, "input[1]"), ({"input": [[]]}, "input[0]"),
    ({"input": [96]}, "input[0]"), ({"input": [-1]}, "input[0]"), ({"input": [[5], [1 << 40]]}, "input[1][0]"),
    ({"input": ["a"] * 2049}, "input"), ({"input": "a", "dimensions": 0}, "dimensions"),
    ({"input": "a", "dimensions": "8"}, "dimensions"), ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
    ({"input": "a", "input_type": "query"}, "input_type"), ({"input": "a", "timeout": -1}, "timeout"),
    ({"input": "a", "truncate_prompt_tokens": 65}, "truncate_prompt_tokens"),
    ({"input": "a", "truncation_side": "top"}, "truncation_side"), ({"input": "a", "priority": "high"}, "priority"),
    ({"input": "a", "model": "words"}, "model"), ({"input": "a", "model": "scores"}, "model"),
])
def test_bad_fields_are_named(server, fields, param):
    answer = server.post("/v1/embeddings", fields)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["param"] == param and error["message"]


def test_models_are_told_apart(server):
    assert server.post("/v1/embeddings", {"input": "a", "model": "none"}).status_code == 404
    for path, body in (("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}]}),
                       ("/v1/completions", {"prompt": "a"})):
        answer = server.post(path, body | {"model": "vectors"})
        assert answer.status_code == 400
        assert "makes vectors of texts" in answer.json()["error"]["message"]
    assert server.post("/v1/completions", {"prompt": "a", "max_tokens": 2}).json()["model"] == "words"


QUERY, DOCUMENTS = "w7 w8 w9", ["w10 w11", "w7 w8 w9 w50 w60 w70", "w94 unknown"]
LOGITS = [-0.8000437, -0.4752195, -0.6696739]  # of transformers' BertForSequenceClassification


def test_reranking(server):
    answer = server.post("/v1/rerank", {"query": QUERY, "documents": DOCUMENTS}).json()
    assert answer["id"].startswith("rerank-") and answer["model"] == "scores"
    assert answer["usage"]["total_tokens"] == 8 + 12 + 8
    assert [result["index"] for result in answer["results"]] == [1, 2, 0]
    for result in answer["results"]:
        assert result["document"] == {"text": DOCUMENTS[result["index"]]}
        assert result["relevance_score"] == pytest.approx(1 / (1 + math.exp(-LOGITS[result["index"]])), abs=2e-3)
    for path in ("/v2/rerank", "/rerank"):
        top = server.post(path, {"query": QUERY, "documents": [{"text": text} for text in DOCUMENTS], "top_n": 2,
                                 "return_documents": False}).json()
        assert [set(result) for result in top["results"]] == [{"index", "relevance_score"}] * 2
    tei = server.post("/rerank", {"query": QUERY, "texts": DOCUMENTS, "raw_scores": True}).json()
    assert [entry["index"] for entry in tei] == [1, 2, 0]
    assert tei[0]["score"] == pytest.approx(LOGITS[1], abs=5e-3)


def test_scores(server):
    answer = server.post("/v1/score", {"text_1": QUERY, "text_2": DOCUMENTS}).json()
    assert [item["score"] for item in answer["data"]] == pytest.approx(
        [1 / (1 + math.exp(-logit)) for logit in LOGITS], abs=2e-3)
    pairs = server.post("/score", {"text_1": [QUERY, "w20"], "text_2": [DOCUMENTS[0], "w21"]}).json()
    assert [item["score"] for item in pairs["data"]] == pytest.approx([0.3100162, 0.3202413], abs=2e-3)
    vectors = embed(server, [QUERY, *DOCUMENTS])
    angles = server.post("/v1/score", {"model": "vectors", "text_1": QUERY, "text_2": DOCUMENTS}).json()
    assert [item["score"] for item in angles["data"]] == pytest.approx(
        [cosine(vectors[0], vector) for vector in vectors[1:]], abs=1e-5)
    assert server.post("/v1/score", {"text_1": ["a", "b"], "text_2": ["c"]}).status_code == 400


def test_metrics(server):
    embed(server, ["w5", "w6"])
    assert metric(server, "estoc_texts_total") >= 2
    assert metric(server, "estoc_requests_done_total") >= 1
    assert metric(server, "estoc_texts_waiting_tokens") == 0
    assert metric(server, "estoc_kv_blocks", "words") > 0
    assert 'estoc_kv_blocks{model_name="vectors"}' not in server.http.get("/metrics").text


def send_and_leave(server) -> None:
    body = json.dumps(LONG).encode()
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    deadline = time.monotonic() + 30
    while metric(server, "estoc_requests_running") == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    connection.close()


def test_who_leaves_is_not_computed(server):
    before = metric(server, "estoc_requests_cancelled_total")
    send_and_leave(server)
    deadline = time.monotonic() + 30
    while metric(server, "estoc_requests_cancelled_total") == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert metric(server, "estoc_texts_waiting_tokens") == 0
    assert len(embed(server, "w5")) == 1


def test_who_is_too_late_is_told(server):
    answer = server.post("/v1/embeddings", LONG | {"timeout": 0.02})
    assert answer.status_code == 504 and answer.json()["error"]["code"] == "timeout"


def test_too_much_work_is_refused(tmp_path):
    own = EstocServer(make_encoder("minilm_like", tmp_path), tmp_path / "log", "--threads", "1", "--queue", "2")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: own.post("/v1/embeddings", {"input": LONG["input"][:500]}), range(16)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert metric(own, "estoc_requests_refused_total", "minilm_like") == len(refused)
    assert own.post("/v1/embeddings", {"input": "w5"}).status_code == 200
    own.stop()


def test_what_runs_is_finished_at_the_end(tmp_path):
    own = EstocServer(make_encoder("minilm_like", tmp_path), tmp_path / "log", "--threads", "1")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(own.post, "/v1/embeddings", LONG)
        while metric(own, "estoc_requests_running", "minilm_like") == 0:
            time.sleep(0.01)
        own.process.send_signal(signal.SIGTERM)
        assert len(running.result(60).json()["data"]) == 2000
    assert own.process.wait(30) == 0, own.log.read_text()


def estoc(*arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def test_commands(tmp_path):
    folder = make_encoder("minilm_like", tmp_path)
    scorer = make_encoder("bert_scores_like", tmp_path)
    one = estoc("embed", folder, "w7 w8")
    assert one.returncode == 0, one.stderr
    vector = json.loads(one.stdout)
    assert len(vector) == 64 and sum(x * x for x in vector) == pytest.approx(1, abs=1e-4)
    lines = estoc("embed", folder, "-", input="w7 w8\nw9\n").stdout.splitlines()
    assert len(lines) == 2 and json.loads(lines[0]) == pytest.approx(vector, abs=1e-3)
    refused = estoc("embed", folder, "w7 " * 80)
    assert refused.returncode == 2 and "text 1 has 82 tokens, expected 1 to 64" in refused.stderr
    assert "makes no vectors" in estoc("embed", scorer, "w7").stderr
    shown = estoc("show", folder)
    assert shown.returncode == 0, shown.stderr
    assert "vectors of 64 numbers (pooling mean, length 1)" in shown.stdout and "up to 64 tokens" in shown.stdout
    assert "scores of 1 label" in estoc("show", scorer).stdout
    run = estoc("run", folder, "Hello")
    assert run.returncode == 2 and "makes vectors of texts and generates no text" in run.stderr
    device = estoc("serve", folder, "--device", "emulator")
    assert device.returncode == 2 and "encoders are computed by CPUs only" in device.stderr
