#!/usr/bin/env python3
"""Measures llama.cpp in this process, through the C API of llama-cpp-python: no server, no sampling, as llama-bench.

Keys and values are f16, every sequence has a stream of its own (kv_unified off), and what lies before a depth is
computed once and copied to the other sequences.
"""
import ctypes

import llama_cpp
import numpy as np

from measure import RandomTokens, Test, Unmeasured, run, timed

MICRO_BATCH = 512


class Batch:
    """A llama_batch whose arrays are filled through numpy, so that Python's own time does not show."""

    def __init__(self, size: int):
        self.size = size
        self.batch = llama_cpp.llama_batch_init(size, 0, 1)
        view = lambda pointer: np.ctypeslib.as_array(pointer, (size,))
        self.token, self.position = view(self.batch.token), view(self.batch.pos)
        self.has_logits = view(self.batch.logits)
        view(self.batch.n_seq_id)[:] = 1

    def sequences(self, ids) -> None:
        for row, sequence in enumerate(ids):
            self.batch.seq_id[row][0] = sequence

    def close(self) -> None:
        llama_cpp.llama_batch_free(self.batch)


class LlamaCpp:
    def __init__(self, arguments):
        self.version = f"llama-cpp-python {llama_cpp.__version__}"
        self.quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.quiet, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(arguments.model.encode(), parameters)
        if not self.model:
            raise SystemExit(f"llama.cpp cannot load {arguments.model}")
        vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.tokens = RandomTokens(llama_cpp.llama_vocab_n_tokens(vocab))
        self.threads, self.flash_attention = arguments.t, arguments.flash_attention == "on"
        self.test = self.context = None

    def open(self, test: Test) -> None:
        """A context of the test's size, filled to its depth."""
        if self.context:
            llama_cpp.llama_free(self.context)
        parameters = llama_cpp.llama_context_default_params()
        positions = -(-(test.positions + 8) // 256) * 256
        parameters.n_ctx = positions * test.batch
        parameters.n_seq_max = test.batch
        parameters.n_batch = parameters.n_ubatch = MICRO_BATCH
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.flash_attn_type = int(self.flash_attention)
        parameters.kv_unified = False
        parameters.no_perf = True
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise Unmeasured(f"llama.cpp could not make a context of {parameters.n_ctx} positions")
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.feed(test.n_depth, 0)
        for sequence in range(1, test.batch if test.n_depth else 1):
            llama_cpp.llama_memory_seq_cp(self.memory, 0, sequence, -1, -1)
        self.test = test

    def decode(self, batch: Batch, count: int) -> None:
        batch.batch.n_tokens = count
        code = llama_cpp.llama_decode(self.context, batch.batch)
        if code != 0:
            raise Unmeasured(f"llama_decode returned {code}")

    def feed(self, count: int, position: int) -> None:
        batch = Batch(MICRO_BATCH)
        batch.sequences([0] * MICRO_BATCH)
        for begin in range(0, count, MICRO_BATCH):
            rows = min(MICRO_BATCH, count - begin)
            batch.token[:rows] = self.tokens(rows)
            batch.position[:rows] = np.arange(position + begin, position + begin + rows)
            batch.has_logits[:rows] = 0
            batch.has_logits[rows - 1] = begin + rows == count
            self.decode(batch, rows)
        llama_cpp.llama_synchronize(self.context)
        batch.close()

    def generate(self, test: Test) -> float:
        batch = Batch(test.batch)
        batch.sequences(range(test.batch))
        batch.has_logits[:] = 1
        tokens = np.array(self.tokens(test.n_gen * test.batch)).reshape(test.n_gen, test.batch)

        def steps() -> None:
            for step in range(test.n_gen):
                batch.token[:] = tokens[step]
                batch.position[:] = test.n_depth + step
                self.decode(batch, test.batch)
                llama_cpp.llama_synchronize(self.context)

        seconds = timed(steps)
        batch.close()
        return seconds

    def seconds(self, test: Test) -> float:
        if self.test != test:
            self.open(test)
        for sequence in range(test.batch):
            llama_cpp.llama_memory_seq_rm(self.memory, sequence, test.n_depth, -1)
        if test.n_prompt:
            return timed(lambda: self.feed(test.n_prompt, test.n_depth))
        return self.generate(test)


if __name__ == "__main__":
    run(LlamaCpp, lambda parser: parser.add_argument("--flash-attention", choices=["on", "off"], default="on"))
