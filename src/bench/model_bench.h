// `estoc bench model`: the speed of Model::forward alone, without engine, sampling or text.
//
// Tokens are random (seeded), as llama-bench's are: no token is chosen from the logits, which are computed for every
// generated token and for the last one of a prompt. What lies before `depth` is computed once and copied to the other
// sequences of a batch, so that each reads keys and values of its own. Every test is warmed up.
// Threads: the caller's, plus a ThreadTeam for each value of plan.threads in turn. Errors: those of load_model and
// check_plan; Error{resource_exhausted} when memory cannot be had.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "bench/model_plan.h"
#include "bench/report.h"
#include "ops/profile.h"
#include "weights/weight_source.h"

namespace estoc {

struct ModelBenchResult {
  ModelTest test;
  int threads = 1;
  std::vector<double> tokens_per_second;  // of each repetition; all sequences of a batch together
  double gmacs_per_second = 0;            // by the mean
  double weight_gb_per_second = 0;
  double int8_roof_percent = 0;  // of what all threads could multiply at this ISA level, as measured in this run
  // When the plan asks for it: the ops of all repetitions, and how many passes those were.
  std::map<std::pair<int, std::string>, Profile::Total> profile;
  uint64_t passes = 0;
};

// `progress` gets a line for people before each measurement; may be empty.
std::vector<ModelBenchResult> run_model_bench(const WeightSource& weights, const ModelBenchPlan& plan,
                                              const std::function<void(const std::string&)>& progress);

// For write_report.
Json model_bench_row(const std::string& model, const ModelInfo& info, const ModelBenchPlan& plan,
                     const ModelBenchResult& result);
std::vector<ReportColumn> model_bench_columns();

}  // namespace estoc
