// Times the choice of one token from a row of logits: microseconds a row on one thread, for the usual parameters.
// cmake --build build/release --target bench_sampling && build/release/bench_sampling
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "sampling/counter_rng.h"
#include "sampling/logprobs.h"
#include "sampling/sampler.h"

namespace {

using namespace estoc;  // NOLINT: a program of its own

// Logits as a language model makes them: a bell around zero, and a few dozen tokens that stand out by up to 15.
std::vector<std::vector<float>> make_rows(size_t count, size_t vocab) {
  std::vector<std::vector<float>> rows(count, std::vector<float>(vocab));
  for (size_t r = 0; r < count; ++r) {
    for (size_t i = 0; i < vocab; ++i) {
      float sum = 0;
      for (uint64_t k = 0; k < 4; ++k) sum += static_cast<float>(random_unit(r, 4 * i + k));
      rows[r][i] = 3 * (sum - 2);
    }
    for (uint64_t k = 0; k < 40; ++k) {
      rows[r][random_bits(r + 1000, k) % vocab] = 15 - 3 * std::log1p(static_cast<float>(k));
    }
  }
  return rows;
}

}  // namespace

int main() {
  for (const size_t vocab : {49'152u, 151'936u}) {
    const auto rows = make_rows(32, vocab);
    const auto time = [&](const char* name, const SamplingParams& params) {
      const SamplerState state(params, 1, {});
      Sampler sampler;
      LogprobReader reader;
      double best = 1e9;
      for (int round = 0; round < 15; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (const auto& row : rows) {
          const auto token = sampler.sample(state, row);
          if (params.logprobs >= 0) reader.read(row, *token, params.logprobs);
        }
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      }
      fmt::print("vocabulary {:6}, {:32} {:7.1f} us a row\n", vocab, name,
                 best / static_cast<double>(rows.size()) * 1e6);
    };
    time("greedy", {.temperature = 0});
    time("temperature 1", {.temperature = 1});
    time("temperature 0.8, top_p 0.9", {.temperature = 0.8f, .top_p = 0.9f});
    time("temperature 4, top_p 0.9", {.temperature = 4, .top_p = 0.9f});
    time("temperature 0.8, top_k 40", {.temperature = 0.8f, .top_k = 40});
    time("temperature 0.8, min_p 0.05", {.temperature = 0.8f, .min_p = 0.05f});
    time("greedy, 20 logprobs", {.temperature = 0, .logprobs = 20});
    time("top_p 0.9, 20 logprobs", {.temperature = 0.8f, .top_p = 0.9f, .logprobs = 20});
    time("greedy, presence penalty", {.temperature = 0, .presence_penalty = 0.5f});
  }
}
