#!/usr/bin/env python3
"""Measures OpenVINO GenAI in this process on a GGUF file, through one of its two pipelines.

  batching   ContinuousBatchingPipeline, stepped by hand. Prefixes are cached: what lies before a depth is computed once
             and shared by all sequences of a batch, which spares it memory traffic that other engines have.
  stateful   LLMPipeline with ATTENTION_BACKEND=SDPA. It keeps nothing between calls: a prompt behind a depth is the
             difference of two prompts, and batches behind a depth are left out.

Both choose their tokens (greedily) and keep their own default type of keys and values.
"""
import numpy as np
import openvino
import openvino_genai

from measure import RandomTokens, Test, Unmeasured, run, timed


def tensor(rows: list[list[int]]) -> openvino.Tensor:
    return openvino.Tensor(np.array(rows, dtype=np.int64))


def greedy(count: int) -> openvino_genai.GenerationConfig:
    return openvino_genai.GenerationConfig(max_new_tokens=count, ignore_eos=True, do_sample=False)


class Batching:
    def __init__(self, arguments):
        self.version = f"openvino-genai {openvino_genai.__version__}"
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        scheduler.max_num_batched_tokens = 512
        scheduler.max_num_seqs = max(arguments.b)
        scheduler.cache_size = 0  # grows as needed
        self.pipeline = openvino_genai.ContinuousBatchingPipeline(
            arguments.model, scheduler, "CPU", {"INFERENCE_NUM_THREADS": arguments.t})
        self.tokens = RandomTokens()
        self.prefixes: dict[int, list[int]] = {}
        self.request = 0

    def add(self, prompt: list[int], count: int):
        """The request lives as long as the handle that is returned."""
        self.request += 1
        return self.pipeline.add_request(self.request, tensor([prompt]), greedy(count))

    def finish(self, handles: list) -> None:
        while self.pipeline.has_non_finished_requests():
            self.pipeline.step()
        if not all(handle.can_read() for handle in handles):
            raise Unmeasured("a request ended without a token")

    def prefix(self, depth: int) -> list[int]:
        if depth not in self.prefixes:
            self.prefixes[depth] = self.tokens(depth)
        if depth:  # also brings it back if it was dropped meanwhile
            self.finish([self.add(self.prefixes[depth] + self.tokens(1), 1)])
        return self.prefixes[depth]

    def seconds(self, test: Test) -> float:
        prefix = self.prefix(test.n_depth)
        if test.n_prompt:
            handle = self.add(prefix + self.tokens(test.n_prompt), 1)
            return timed(lambda: self.finish([handle]))
        # Some sequences generate while others still read their prompts: those tokens are asked for in addition.
        slack = 8 + test.batch
        handles = [self.add(prefix + self.tokens(1), test.n_gen + slack) for _ in range(test.batch)]
        waiting = list(handles)
        for _ in range(slack):
            self.pipeline.step()
            waiting = [handle for handle in waiting if not handle.can_read()]
            if not waiting:
                break
        else:
            raise Unmeasured(f"{len(waiting)} of {test.batch} sequences had not begun after {slack} steps")

        def steps() -> None:
            for _ in range(test.n_gen):
                self.pipeline.step()

        seconds = timed(steps)
        for handle in handles:
            handle.cancel()
        self.finish([])
        return seconds


class Stateful:
    def __init__(self, arguments):
        self.version = f"openvino-genai {openvino_genai.__version__}"
        self.pipeline = openvino_genai.LLMPipeline(arguments.model, "CPU", ATTENTION_BACKEND="SDPA",
                                                   INFERENCE_NUM_THREADS=arguments.t)
        self.tokens = RandomTokens()

    def times(self, test: Test, prompt: int, count: int) -> list[float]:
        """Seconds from the call to the first token, and from each token to the next."""
        rows = [self.tokens(prompt) for _ in range(test.batch)]
        metrics = self.pipeline.generate(tensor(rows), greedy(count)).perf_metrics
        stamps = np.array(metrics.raw_metrics.m_new_token_times) / 1000
        if len(stamps) != count:
            raise Unmeasured(f"LLMPipeline reported {len(stamps)} tokens, expected {count}")
        return [metrics.get_ttft().mean / 1000, *np.diff(stamps).tolist()]

    def seconds(self, test: Test) -> float:
        if test.n_prompt:
            whole = self.times(test, test.n_depth + test.n_prompt, 1)[0]
            return whole - (self.times(test, test.n_depth, 1)[0] if test.n_depth else 0)
        if test.n_depth and test.batch > 1:
            raise Unmeasured("LLMPipeline would have to read every sequence's prompt anew")
        return sum(self.times(test, max(1, test.n_depth), test.n_gen + 1)[1:])


if __name__ == "__main__":
    run(lambda arguments: {"batching": Batching, "stateful": Stateful}[arguments.pipeline](arguments),
        lambda parser: parser.add_argument("--pipeline", choices=["batching", "stateful"], default="batching"))
