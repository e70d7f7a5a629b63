// Which tests `estoc bench model` runs, by llama-bench's conventions, and whether they fit.
//
//   pp  n_prompt tokens of one sequence computed after `depth` others, in batches of rows_max
//   tg  n_gen times one token for each of `batch` sequences at once, each after `depth` tokens of its own
//
// Plain data and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/model.h"

namespace estoc {

// The flags, read.
struct ModelBenchPlan {
  std::vector<int> prompts = {512};  // 0 for no such test
  std::vector<int> generations = {128};
  std::vector<int> depths = {0};
  std::vector<int> batches = {1};
  std::vector<int> threads = {1};
  int repetitions = 5;
  int rows_max = 512;
  std::vector<StackPlace> places = {};  // as ModelOptions; all on the CPU when empty
  uint64_t memory_bytes = 0;            // what the tests may take: the device's where layers are on one
  ComputeMode compute = ComputeMode::fast;
  WeightType weights = WeightType::as_stored;
  Activations activations = Activations::automatic;
  KvType kv_type = KvType::f16;
  bool is_deterministic = false;
  bool is_pinned = false;
  bool has_profile = false;  // tells where time goes; ops then take a little longer
};

struct ModelTest {
  int n_prompt = 0, n_gen = 0;  // one of them is 0
  int depth = 0;
  int batch = 1;

  std::string name() const;  // "pp512", "tg128 x8 @ d4096"
  int positions() const { return depth + n_prompt + n_gen; }
  bool operator==(const ModelTest&) const = default;
};

// By depth, so that a depth is filled once: first the prompts, then the generations by batch.
std::vector<ModelTest> tests_of(const ModelBenchPlan& plan);

// Blocks of one sequence, and of all sequences of the largest test.
int blocks_per_sequence(const ModelTest& test);
int blocks_of(const std::vector<ModelTest>& tests);

struct MemoryNeed {
  uint64_t weights = 0, kv = 0, activations = 0;
  uint64_t total() const { return weights + kv + activations; }
};

// Of the largest test; `info` from describe_model.
MemoryNeed memory_need(const ModelBenchPlan& plan, const ModelInfo& info);

// Throws Error{invalid_argument} when there is nothing to run or a test exceeds the model's context, and
// Error{resource_exhausted} when it needs more than `memory_bytes`.
void check_plan(const ModelBenchPlan& plan, const ModelInfo& info, uint64_t memory_bytes);

}  // namespace estoc
