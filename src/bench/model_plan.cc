#include "bench/model_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace estoc {
namespace {

double gigabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e9; }

}  // namespace

std::string ModelTest::name() const {
  std::string name = n_prompt > 0 ? fmt::format("pp{}", n_prompt) : fmt::format("tg{}", n_gen);
  if (n_gen > 0 && batch > 1) name += fmt::format(" x{}", batch);
  if (depth > 0) name += fmt::format(" @ d{}", depth);
  return name;
}

std::vector<ModelTest> tests_of(const ModelBenchPlan& plan) {
  std::vector<ModelTest> tests;
  for (const int depth : plan.depths) {
    for (const int count : plan.prompts) {
      if (count > 0) tests.push_back({.n_prompt = count, .depth = depth});
    }
    for (const int count : plan.generations) {
      for (const int batch : plan.batches) {
        if (count > 0) tests.push_back({.n_gen = count, .depth = depth, .batch = batch});
      }
    }
  }
  return tests;
}

int blocks_per_sequence(const ModelTest& test) { return (test.positions() + kKvBlockTokens - 1) / kKvBlockTokens; }

int blocks_of(const std::vector<ModelTest>& tests) {
  int64_t most = 0;
  for (const ModelTest& test : tests) most = std::max(most, int64_t{test.batch} * blocks_per_sequence(test));
  return static_cast<int>(std::min<int64_t>(most, 1 << 30));
}

MemoryNeed memory_need(const ModelBenchPlan& plan, const ModelInfo& info) {
  MemoryNeed need;
  need.weights = info.weight_bytes;
  need.kv = static_cast<uint64_t>(blocks_of(tests_of(plan))) * info.state.position_block_bytes(plan.kv_type);
  // A row's activations with their integer copies, and its logits.
  const int64_t widths =
      3 * int64_t{info.hidden} + 2 * int64_t{info.heads + info.kv_heads} * info.head_dim + 2 * int64_t{info.ffn};
  const int logit_rows = *std::max_element(plan.batches.begin(), plan.batches.end());
  need.activations = static_cast<uint64_t>(6 * widths * plan.rows_max + int64_t{4} * info.vocab * logit_rows);
  return need;
}

void check_plan(const ModelBenchPlan& plan, const ModelInfo& info, uint64_t memory_bytes) {
  const std::vector<ModelTest> tests = tests_of(plan);
  if (tests.empty()) fail(ErrorCode::invalid_argument, "-p and -n are both 0: there is nothing to measure");
  for (const ModelTest& test : tests) {
    if (test.positions() <= info.context_max) continue;
    fail(ErrorCode::invalid_argument, "{}: needs {} positions, and the model was trained for {}", test.name(),
         test.positions(), info.context_max);
  }
  const MemoryNeed need = memory_need(plan, info);
  if (need.total() > memory_bytes) {
    fail(ErrorCode::resource_exhausted,
         "these tests need {:.1f} GB (weights {:.1f}, keys and values {:.1f}, activations {:.1f}), and {:.1f} GB are "
         "available: choose a smaller -b or -d",
         gigabytes(need.total()), gigabytes(need.weights), gigabytes(need.kv), gigabytes(need.activations),
         gigabytes(memory_bytes));
  }
}

}  // namespace estoc
