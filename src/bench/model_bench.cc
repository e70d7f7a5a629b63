#include "bench/model_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <random>

#include "base/memory.h"
#include "base/thread_team.h"
#include "bench/machine.h"
#include "bench/model_work.h"
#include "bench/statistics.h"
#include "kernels/kernels.h"
#include "kernels/probe.h"

namespace estoc {
namespace {

using Clock = std::chrono::steady_clock;

RunLimits limits_of(const ModelInfo& info, const ModelBenchPlan& plan, const std::vector<ModelTest>& tests) {
  return {.kv_type = plan.kv_type,
          .block_counts = std::vector<int>(info.state.groups().size(), blocks_of(tests)),
          .rows_max = plan.rows_max,
          .logit_rows_max = *std::max_element(plan.batches.begin(), plan.batches.end())};
}

// A model with keys and values of its own, which plays the tests.
class Player {
 public:
  Player(const Model& model, const ModelBenchPlan& plan, const std::vector<ModelTest>& tests)
      : model_(model),
        rows_max_(plan.rows_max),
        limits_(limits_of(model.info(), plan, tests)),
        scratch_(model.make_scratch(limits_)),
        kv_(model.info().state, limits_.kv_type, limits_.block_counts, model.info().device_layers),
        logits_(std::make_unique_for_overwrite<float[]>(static_cast<size_t>(model.info().vocab) *
                                                        static_cast<size_t>(limits_.logit_rows_max))) {}

  // Makes everything before test.depth of every sequence.
  void fill(const ModelTest& test) {
    blocks_.resize(static_cast<size_t>(test.batch * blocks_per_sequence(test)));
    std::iota(blocks_.begin(), blocks_.end(), BlockId{0});
    // Earlier tests have written behind their own depth only.
    if (filled_ < test.depth) feed(test, filled_, test.depth - filled_, false);
    filled_ = test.depth;
    const int prefix = (test.depth + kKvBlockTokens - 1) / kKvBlockTokens;
    for (int s = 1; s < test.batch; ++s) {
      const auto own = blocks_of_sequence(test, s);
      for (int b = 0; b < prefix; ++b) {
        const BlockCopy copy{.from = blocks_[static_cast<size_t>(b)], .to = own[static_cast<size_t>(b)]};
        kv_.copy_block(copy.from, copy.to);
        scratch_->copy_block(copy);
      }
    }
  }

  // Seconds of one repetition, cut short after `steps` passes.
  double play(const ModelTest& test, int steps) {
    const auto start = Clock::now();
    if (test.n_prompt > 0) {
      feed(test, test.depth, std::min<int64_t>(test.n_prompt, int64_t{steps} * rows_max_), true);
    } else {
      for (int step = 0; step < std::min(test.n_gen, steps); ++step) generate(test, test.depth + step);
    }
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  std::span<const BlockId> blocks_of_sequence(const ModelTest& test, int sequence) const {
    const auto count = static_cast<size_t>(blocks_per_sequence(test));
    return std::span(blocks_).subspan(static_cast<size_t>(sequence) * count, count);
  }

  std::span<const TokenId> random_tokens(int64_t count) {
    tokens_.resize(static_cast<size_t>(count));
    std::uniform_int_distribution<TokenId> any(0, static_cast<TokenId>(model_.info().vocab - 1));
    for (TokenId& token : tokens_) token = any(random_);
    return tokens_;
  }

  // `count` tokens of the first sequence from `position` on; logits of the last one if they are wanted.
  void feed(const ModelTest& test, int64_t position, int64_t count, bool wants_logits) {
    for (int64_t done = 0; done < count;) {
      const int64_t rows = std::min<int64_t>(rows_max_, count - done);
      const auto end = static_cast<size_t>((position + done + rows + kKvBlockTokens - 1) / kKvBlockTokens);
      const BatchSequence sequence{0, static_cast<int>(rows), static_cast<int>(position + done),
                                   blocks_of_sequence(test, 0).first(end)};
      const auto last = static_cast<int32_t>(rows - 1);
      const bool is_wanted = wants_logits && done + rows == count;
      const std::span<const int32_t> logit_rows(&last, is_wanted ? 1 : 0);
      model_.forward({random_tokens(rows), {&sequence, 1}, logit_rows}, kv_, *scratch_, largest(logit_rows.size()));
      done += rows;
    }
  }

  // One token of every sequence.
  void generate(const ModelTest& test, int position) {
    sequences_.clear();
    for (int s = 0; s < test.batch; ++s) {
      const auto end = static_cast<size_t>(position / kKvBlockTokens + 1);
      sequences_.push_back({s, 1, position, blocks_of_sequence(test, s).first(end)});
    }
    logit_rows_.resize(static_cast<size_t>(test.batch));
    std::iota(logit_rows_.begin(), logit_rows_.end(), 0);
    model_.forward({random_tokens(test.batch), sequences_, logit_rows_}, kv_, *scratch_, largest(logit_rows_.size()));
  }

  // Room for the logits of so many rows, of which a device may keep all but the largest.
  LogitRows largest(size_t rows) {
    choices_.assign(rows, {.draw = RowDraw{}, .token = {}});
    return {logits_.get(), choices_};
  }

  const Model& model_;
  int rows_max_;
  RunLimits limits_;
  std::unique_ptr<ModelScratch> scratch_;
  StateStorage kv_;
  std::unique_ptr<float[]> logits_;
  std::mt19937 random_{1};
  int filled_ = 0;  // positions of the first sequence that are computed
  std::vector<BlockId> blocks_;
  std::vector<TokenId> tokens_;
  std::vector<BatchSequence> sequences_;
  std::vector<int32_t> logit_rows_;
  std::vector<RowChoice> choices_;
};

void add_rates(const ModelWork& work, const ModelBenchPlan& plan, double roof, ModelBenchResult& result) {
  const ModelTest& test = result.test;
  const double rows = test.n_prompt > 0 ? test.n_prompt : static_cast<double>(test.n_gen) * test.batch;
  const double logit_rows = test.n_prompt > 0 ? 1 : rows;
  const double passes = test.n_prompt > 0 ? (test.n_prompt + plan.rows_max - 1) / plan.rows_max : test.n_gen;
  const double seconds = rows / mean_of(result.tokens_per_second);
  const double macs = rows * static_cast<double>(work.row_macs) + logit_rows * static_cast<double>(work.logit_macs);
  result.gmacs_per_second = macs / seconds / 1e9;
  result.weight_gb_per_second = passes * static_cast<double>(work.weight_bytes) / seconds / 1e9;
  result.int8_roof_percent = roof > 0 ? 100 * macs / seconds / (roof * result.threads) : 0;
}

}  // namespace

std::vector<ModelBenchResult> run_model_bench(const WeightSource& weights, const ModelBenchPlan& plan,
                                              const std::function<void(const std::string&)>& progress) {
  const ModelInfo info = describe_model(weights, plan.compute, plan.weights);
  check_plan(plan, info, plan.memory_bytes > 0 ? plan.memory_bytes : available_memory());
  const auto say = [&](const std::string& line) {
    if (progress) progress(line);
  };
  constexpr int kWarmUpSteps = 8;
  const std::vector<ModelTest> tests = tests_of(plan);
  const ModelWork work = work_of(weights, info, plan.compute, plan.weights);
  const double roof = kernels::arithmetic_rate(kernels::table().isa, kernels::Arithmetic::int8);
  std::vector<ModelBenchResult> results;
  for (const int threads : plan.threads) {
    say(fmt::format("loading for {} threads", threads));
    ThreadTeam team(threads, plan.is_pinned ? Pinning::cores : Pinning::none);
    Profile profile;
    const auto model = load_model(weights, team,
                                  {.compute = plan.compute,
                                   .activations = plan.activations,
                                   .weights = plan.weights,
                                   .is_deterministic = plan.is_deterministic,
                                   .places = plan.places,
                                   .profile = plan.has_profile ? &profile : nullptr});
    Player player(*model, plan, tests);
    for (const ModelTest& test : tests) {
      say(fmt::format("{}, {} threads: warming up", test.name(), threads));
      player.fill(test);
      player.play(test, kWarmUpSteps);
      ModelBenchResult result{.test = test, .threads = threads, .tokens_per_second = {}};
      profile.clear();
      const double tokens = test.n_prompt + static_cast<double>(test.n_gen) * test.batch;
      for (int r = 0; r < plan.repetitions; ++r) {
        say(fmt::format("{}, {} threads: {} of {}", test.name(), threads, r + 1, plan.repetitions));
        result.tokens_per_second.push_back(tokens / player.play(test, 1 << 30));
      }
      add_rates(work, plan, roof, result);
      result.profile = profile.totals();
      const int passes = test.n_prompt > 0 ? (test.n_prompt + plan.rows_max - 1) / plan.rows_max : test.n_gen;
      result.passes = static_cast<uint64_t>(passes) * static_cast<uint64_t>(plan.repetitions);
      results.push_back(std::move(result));
    }
  }
  return results;
}

Json model_bench_row(const std::string& model, const ModelInfo& info, const ModelBenchPlan& plan,
                     const ModelBenchResult& result) {
  Json row;
  row.set("model", model);
  row.set("parameters", info.parameter_count);
  row.set("weight_bytes", info.weight_bytes);
  row.set("isa", kernels::isa_name(kernels::table().isa));
  row.set("compute", plan.compute == ComputeMode::fast ? "fast" : "exact");
  row.set("activations", plan.compute == ComputeMode::exact             ? "f32"
                         : has_wide_activations(info, plan.activations) ? "int16"
                                                                        : "int8");
  row.set("weights", weight_type_name(plan.weights));
  row.set("kv_type", kv_type_name(plan.kv_type));
  row.set("threads", result.threads);
  row.set("test", result.test.name());
  row.set("batch", result.test.batch);
  row.set("n_prompt", result.test.n_prompt);
  row.set("n_gen", result.test.n_gen);
  row.set("n_depth", result.test.depth);
  row.set("tok_s_mean", mean_of(result.tokens_per_second));
  row.set("tok_s_stddev", deviation_of(result.tokens_per_second));
  row.set("tok_s_median", median_of(result.tokens_per_second));
  Json::Array all;
  for (const double rate : result.tokens_per_second) all.emplace_back(rate);
  row.set("tok_s", std::move(all));
  row.set("gmac_s", result.gmacs_per_second);
  row.set("weight_gb_s", result.weight_gb_per_second);
  row.set("int8_roof_percent", result.int8_roof_percent);
  return row;
}

std::vector<ReportColumn> model_bench_columns() {
  return {{"model", "model"},
          {"isa", "isa"},
          {"activations", "act"},
          {"kv_type", "kv"},
          {"threads", "threads"},
          {"test", "test"},
          {"tok_s_mean", "tok/s", 2},
          {"tok_s_stddev", "+-", 2},
          {"gmac_s", "GMAC/s", 1},
          {"weight_gb_s", "weights GB/s", 1},
          {"int8_roof_percent", "% of int8", 1}};
}

}  // namespace estoc
