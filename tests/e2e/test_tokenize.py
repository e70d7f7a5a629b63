"""estoc tokenize: ids of a text and back, of a model, a folder with a tokenizer alone, or a tokenizer's file."""
import base64
import json
import subprocess

import pytest

from estoc_server import BINARY, GOLDEN, TINY

TINY_MODEL = GOLDEN / "models" / TINY[0]


def tokenize(*arguments, **options) -> subprocess.CompletedProcess:
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([BINARY, "tokenize", *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def ids_of(*arguments, **options) -> list:
    run = tokenize(*arguments, **options)
    assert run.returncode == 0, run.stderr
    return [int(word) for word in run.stdout.split()]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A folder with a WordPiece tokenizer.json and nothing else, and its cases."""
    entry = next(e for e in json.loads((GOLDEN / "tokenizer_kinds.json").read_text()) if e["name"] == "bert")
    folder = tmp_path_factory.mktemp("bert")
    (folder / "tokenizer.json").write_text(json.dumps(entry["tokenizer"]))
    return folder, entry["cases"]


def test_a_folder_and_its_file_give_the_ids_of_the_library(bert):
    folder, cases = bert
    for case in [c for c in cases if c["text"] and "\0" not in c["text"] and not c["text"].startswith("-")][:20]:
        assert ids_of(folder, case["text"]) == case["with_special"]
        assert ids_of(folder / "tokenizer.json", "--no-special", case["text"]) == case["ids"]
        assert ids_of(folder, "-", input=case["text"]) == ids_of(folder, input=case["text"]) == case["with_special"]


def test_decode_gives_the_text_back(bert):
    folder, cases = bert
    case = next(c for c in cases if c["text"] == "Hello world")
    ids = ",".join(map(str, case["with_special"]))
    assert tokenize(folder, "--decode", ids).stdout == f"[CLS] {case['decoded']} [SEP]\n"
    assert tokenize(folder, "--decode", ids, "--no-special").stdout == case["decoded"] + "\n"
    assert json.loads(tokenize(folder, "--decode", ids, "--no-special", "-o", "json").stdout) == {"text": case["decoded"]}


def test_pieces_and_json_tell_each_token(bert):
    folder, cases = bert
    lines = tokenize(folder, "Hello world", "--pieces").stdout.splitlines()
    assert lines[0].split() == ["2", '"[CLS]"', "special"] and len(lines) > 3
    told = json.loads(tokenize(folder, "Hello world", "--pieces", "-o", "json").stdout)
    assert told["ids"] == ids_of(folder, "Hello world") and len(told["pieces"]) == len(told["ids"])
    assert list(json.loads(tokenize(folder, "Hello world", "-o", "json").stdout)) == ["ids"]


def test_models_and_sentencepiece_files_have_tokenizers(tmp_path):
    assert len(ids_of(TINY_MODEL, "Hello")) > 0
    entry = json.loads((GOLDEN / "tokenizer_sentencepiece.json").read_text())[0]
    file = tmp_path / "spiece.model"
    file.write_bytes(base64.b64decode(entry["model"]))
    for case in entry["cases"][8:12]:
        assert ids_of(file, "--no-special", case["text"]) == ids_of(tmp_path, "--no-special", case["text"]) == case["ids"]


@pytest.mark.parametrize("arguments, problem", [
    (["--decode", "1,x"], "--decode: 'x' is not a token of the vocabulary, expected 0 to"),
    (["--decode", "-1"], "--decode: '-1' is not a token"), (["--decode", "99999999"], "--decode: '99999999' is not")])
def test_ids_that_are_none_are_refused(bert, arguments, problem):
    run = tokenize(bert[0], *arguments)
    assert run.returncode == 2 and problem in run.stderr and len(run.stderr.splitlines()) == 1


def test_what_has_no_tokenizer_is_refused(tmp_path):
    run = tokenize(tmp_path, "a")
    assert run.returncode == 2 and "has no tokenizer, expected one of tokenizer.json" in run.stderr
