#include "bench/encoder_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <span>

#include "base/error.h"
#include "base/thread_team.h"
#include "bench/statistics.h"
#include "kernels/kernels.h"

namespace estoc {
namespace {

using Clock = std::chrono::steady_clock;

// Parameters that each token is multiplied with: the matrices of the layers.
int64_t row_macs(const WeightSource& weights) {
  int64_t macs = 0;
  for (const WeightTensor& tensor : weights.tensors()) {
    if (tensor.shape.size() == 2 && tensor.name.starts_with("model.layers.")) macs += tensor.element_count();
  }
  return macs;
}

std::vector<ModelTest> encoder_tests(const ModelBenchPlan& plan, const EncoderInfo& info) {
  std::vector<ModelTest> tests;
  for (const int length : plan.prompts) {
    for (const int batch : plan.batches) {
      if (length > 0) tests.push_back({.n_prompt = length, .batch = batch});
    }
  }
  if (tests.empty()) fail(ErrorCode::invalid_argument, "-p is 0: there is nothing to measure");
  for (const ModelTest& test : tests) {
    if (test.n_prompt <= info.tokens_max) continue;
    fail(ErrorCode::invalid_argument, "-p {}: the model takes {} tokens a text", test.n_prompt, info.tokens_max);
  }
  return tests;
}

// Texts of one test, and what comes out of them.
class TextPlayer {
 public:
  TextPlayer(const Encoder& encoder, const ModelTest& test)
      : encoder_(encoder),
        tokens_(static_cast<size_t>(test.n_prompt) * static_cast<size_t>(test.batch)),
        lengths_(static_cast<size_t>(test.batch), test.n_prompt),
        results_(static_cast<size_t>(test.batch) * static_cast<size_t>(encoder.info().outputs)),
        scratch_(encoder.make_scratch(static_cast<int>(tokens_.size()), test.batch)) {
    std::uniform_int_distribution<TokenId> any(0, static_cast<TokenId>(encoder.info().vocab - 1));
    std::mt19937 random(1);
    for (TokenId& token : tokens_) token = any(random);
  }

  double play() {
    const auto start = Clock::now();
    encoder_.encode({.tokens = tokens_, .lengths = lengths_}, *scratch_, results_);
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  const Encoder& encoder_;
  std::vector<TokenId> tokens_;
  std::vector<int> lengths_;
  std::vector<float> results_;
  std::unique_ptr<EncoderScratch> scratch_;
};

}  // namespace

std::vector<ModelBenchResult> run_encoder_bench(const WeightSource& weights, const ModelBenchPlan& plan,
                                                const std::function<void(const std::string&)>& progress) {
  const auto say = [&](const std::string& line) {
    if (progress) progress(line);
  };
  constexpr int kWarmUp = 5;
  const std::vector<ModelTest> tests = encoder_tests(plan, describe_encoder(weights));
  const auto macs = static_cast<double>(row_macs(weights));
  std::vector<ModelBenchResult> results;
  for (const int threads : plan.threads) {
    say(fmt::format("loading for {} threads", threads));
    ThreadTeam team(threads, plan.is_pinned ? Pinning::cores : Pinning::none);
    Profile profile;
    const auto encoder = load_encoder(weights, team,
                                      {.compute = plan.compute,
                                       .activations = plan.activations,
                                       .weights = plan.weights,
                                       .is_deterministic = plan.is_deterministic,
                                       .profile = plan.has_profile ? &profile : nullptr});
    for (const ModelTest& test : tests) {
      say(fmt::format("{} texts of {}, {} threads", test.batch, test.n_prompt, threads));
      TextPlayer player(*encoder, test);
      for (int i = 0; i < kWarmUp; ++i) player.play();
      profile.clear();
      ModelBenchResult result{.test = test, .threads = threads, .tokens_per_second = {}};
      const double tokens = static_cast<double>(test.n_prompt) * test.batch;
      for (int r = 0; r < plan.repetitions; ++r) result.tokens_per_second.push_back(tokens / player.play());
      result.gmacs_per_second = macs * median_of(result.tokens_per_second) / 1e9;
      result.profile = profile.totals();
      result.passes = static_cast<uint64_t>(plan.repetitions);
      results.push_back(std::move(result));
    }
  }
  return results;
}

Json encoder_bench_row(const std::string& model, const EncoderInfo& info, const ModelBenchPlan& plan,
                       const ModelBenchResult& result) {
  const double median = median_of(result.tokens_per_second);
  Json row;
  row.set("model", model);
  row.set("parameters", info.parameter_count);
  row.set("weight_bytes", info.weight_bytes);
  row.set("isa", kernels::isa_name(kernels::table().isa));
  row.set("compute", plan.compute == ComputeMode::fast ? "fast" : "exact");
  row.set("weights", weight_type_name(plan.weights));
  row.set("threads", result.threads);
  row.set("tokens", result.test.n_prompt);
  row.set("batch", result.test.batch);
  row.set("ms_median", 1e3 * result.test.n_prompt * result.test.batch / median);
  row.set("texts_s_median", median / result.test.n_prompt);
  row.set("tok_s_median", median);
  row.set("tok_s_stddev", deviation_of(result.tokens_per_second));
  row.set("gmac_s", result.gmacs_per_second);
  return row;
}

std::vector<ReportColumn> encoder_bench_columns() {
  return {{"model", "model"},           {"isa", "isa"},
          {"weights", "weights"},       {"threads", "threads"},
          {"tokens", "tokens"},         {"batch", "texts"},
          {"ms_median", "ms", 3},       {"texts_s_median", "texts/s", 1},
          {"tok_s_median", "tok/s", 0}, {"tok_s_stddev", "+-", 0},
          {"gmac_s", "GMAC/s", 1}};
}

}  // namespace estoc
