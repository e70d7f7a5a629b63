#!/usr/bin/env python3
"""Masks of JSON Schemas here and in PyPI's llguidance and xgrammar: what is handled, and CPU time of one thread.

  python bench/grammar/compare.py [--tokens 150000] [--documents 20] [--engines estoc,llguidance,xgrammar]

Needs bench/grammar/requirements.txt, build/release/bench_grammar and the data that tests/conformance uses. All engines get
the same schemas, the same documents without blanks, and the first tokens of one published vocabulary; a document is taken
in the longest tokens there are, and a mask is asked for before each and behind the last. The peers are told to write
without blanks; they have properties in the schema's order only, so that a few valid documents of the official suite are
not theirs. A document counts as right when it is taken exactly if it is valid.
"""

import argparse
import base64
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cases

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("ESTOC_BUILD", ROOT / "build" / "release"))
DATA = Path(os.environ.get("ESTOC_SHARED", ROOT.parent / "shared")) / "data"


class Words:
    """A vocabulary: its tokens' bytes, and behind them one that ends an answer."""

    def __init__(self, path, count):
        self.path, self.count = path, count
        self.tokens = [base64.b64decode(line.split()[0]) for line in path.read_bytes().splitlines()[:count]]
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.longest = max(map(len, self.tokens))
        self.end = len(self.tokens)

    def cut(self, data):
        out = []
        while data:
            size = next(size for size in range(min(len(data), self.longest), 0, -1) if data[:size] in self.ids)
            out.append(self.ids[data[:size]])
            data = data[size:]
        return out


# What a library says of a schema that nothing satisfies: no document is taken then.
UNSATISFIABLE = ("no value at all satisfies the schema", "Unsatisfiable schema")


def microseconds(begin):
    return (time.thread_time_ns() - begin) / 1e3


class Llguidance:
    def __init__(self, words):
        import llguidance
        import llguidance.numpy

        class Tokenizer:
            tokens = [*words.tokens, b"<end>"]
            bos_token_id, eos_token_id, special_token_ids = None, words.end, [words.end]

            def __call__(self, text):
                return words.cut(text if isinstance(text, bytes) else text.encode())

        self.library = llguidance
        self.tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tokenizer()))
        self.mask = llguidance.numpy.allocate_token_bitmask(1, words.end + 1)
        self.words = words

    def compile(self, schema):
        options = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
        grammar = self.library.LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=options)
        self.matcher = self.library.LLMatcher(self.tokenizer, grammar)
        if self.matcher.is_error():
            raise ValueError(self.matcher.get_error())

    def start(self):
        self.matcher.reset()

    def fill(self):
        self.library.numpy.fill_next_token_bitmask(self.matcher, self.mask)

    def allows(self, token):
        return int(self.mask[0, token // 32]) >> token % 32 & 1 == 1

    def accept(self, token):
        return self.matcher.consume_token(token)


class Xgrammar:
    def __init__(self, words):
        import xgrammar

        self.library = xgrammar
        info = xgrammar.TokenizerInfo([*words.tokens, b"<end>"], vocab_type=xgrammar.VocabType.RAW,
                                      stop_token_ids=[words.end])
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        self.mask = xgrammar.allocate_token_bitmask(1, words.end + 1)

    def compile(self, schema):
        self.compiled = self.compiler.compile_json_schema(json.dumps(schema), any_whitespace=False,
                                                          separators=(",", ":"), strict_mode=False)

    def start(self):
        self.matcher = self.library.GrammarMatcher(self.compiled)

    def fill(self):
        self.matcher.fill_next_token_bitmask(self.mask)

    def allows(self, token):
        return int(self.mask[0, token // 32]) >> token % 32 & 1 == 1

    def accept(self, token):
        return self.matcher.accept_token(token)


def takes(engine, words, text, out):
    engine.start()
    for token in [*words.cut(text.encode()), words.end]:
        begin = time.thread_time_ns()
        engine.fill()
        out["mask_us"].append(microseconds(begin))
        if token == words.end:
            return engine.allows(token)
        begin = time.thread_time_ns()
        is_taken = engine.accept(token)
        out["accept_us"].append(microseconds(begin))
        if not is_taken:
            return False


def run_peer(engine, words, listed):
    for case in listed:
        out = {"name": case["name"], "mask_us": [], "accept_us": [], "taken": []}
        try:
            begin = time.thread_time_ns()
            engine.compile(case["schema"])
            out["compile_us"] = microseconds(begin)
            for document in case["documents"]:
                out["taken"].append(takes(engine, words, document["text"], out))
        except Exception as error:  # whatever a library raises for what it does not handle
            out = {"name": case["name"], "error": str(error)}
        yield out


def run_estoc(words, listed):
    with tempfile.TemporaryFile("w+") as lines:
        lines.writelines(json.dumps(case) + "\n" for case in listed)
        lines.seek(0)
        run = subprocess.run([BUILD / "bench_grammar", words.path, str(words.count)], stdin=lines,
                             stdout=subprocess.PIPE, check=True)
    return map(json.loads, run.stdout.splitlines())


def times(values):
    values = sorted(values)
    if not values:
        return "| | "
    return f"{sum(values) / len(values):.1f} | {values[min(len(values) - 1, len(values) * 99 // 100)]:.0f} "


def report(what, name, listed, results):
    tests = right = wrong = refused = 0
    compiles, masks, accepts = [], [], []
    for case, result in zip(listed, results):
        tests += len(case["documents"])
        if any(text in result.get("error", "") for text in UNSATISFIABLE):
            right += sum(not document["valid"] for document in case["documents"])
            wrong += sum(document["valid"] for document in case["documents"])
            continue
        if "error" in result:
            refused += len(case["documents"])
            continue
        compiles.append(result["compile_us"])
        masks += result["mask_us"]
        accepts += result["accept_us"]
        for document, taken in zip(case["documents"], result["taken"]):
            right += document["valid"] == taken
            wrong += document["valid"] != taken
    print(f"| {what} | {name} | {right} of {tests} | {wrong} | {refused} | {times(compiles)}| {times(masks)}| "
          f"{times(accepts)}|", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=150000)
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--engines", default="estoc,llguidance,xgrammar")
    options = parser.parse_args()
    words = Words(DATA / "tokenizers" / "ranks" / "o200k_base.tiktoken", options.tokens)
    sets = {"tool calls and records": list(cases.realistic(options.documents)),
            "official suite": list(cases.suite(DATA / "json_schema" / "test_suite" / "draft2020-12"))}
    print(f"{platform.processor() or platform.machine()}, {options.tokens} tokens; microseconds\n")
    print("| documents | engine | right | wrong | refused | compile mean | p99 | mask mean | p99 | token mean | p99 |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for what, listed in sets.items():
        for name in options.engines.split(","):
            if name == "estoc":
                report(what, name, listed, run_estoc(words, listed))
            else:
                engine = {"llguidance": Llguidance, "xgrammar": Xgrammar}[name](words)
                report(what, name, listed, run_peer(engine, words, listed))


if __name__ == "__main__":
    sys.exit(main())
