// `estoc bench model` of an encoder: the speed of Encoder::encode alone, without tokenizer and server.
//
// Tokens are random (seeded); a test is a batch of so many texts of one length. Every test is warmed up.
// Threads and errors: as model_bench.h's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/model_bench.h"
#include "models/encoder.h"

namespace estoc {

// One for each of plan.threads, plan.prompts (the length, 0 for no such test) and plan.batches; its test has the length
// as n_prompt, its tokens a second are those of all texts.
std::vector<ModelBenchResult> run_encoder_bench(const WeightSource& weights, const ModelBenchPlan& plan,
                                                const std::function<void(const std::string&)>& progress);

// For write_report.
Json encoder_bench_row(const std::string& model, const EncoderInfo& info, const ModelBenchPlan& plan,
                       const ModelBenchResult& result);
std::vector<ReportColumn> encoder_bench_columns();

}  // namespace estoc
