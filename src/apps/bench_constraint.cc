// `estoc bench model MODEL --schema FILE`: decoding with a constraint beside decoding without, in turn.
//
// Both generate the same number of tokens from the same prompt: under the constraint, texts that keep to it one behind
// the other. What is counted lies between the last first token and the first last one, when all sequences decode.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "apps/commands.h"
#include "apps/load_models.h"
#include "apps/read_settings.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/mutex.h"
#include "bench/number_list.h"
#include "bench/report.h"
#include "bench/statistics.h"

namespace estoc {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kPrompt = "Here are some things, one a line, each described in JSON:\n";

// When each token of each sequence came.
class TokenTimes {
 public:
  explicit TokenTimes(size_t sequences) : times_(sequences), open_(sequences) {}

  void add(size_t sequence, const Event& event) {
    const MutexLock lock(mutex_);
    if (event.token) times_[sequence].push_back(Clock::now());
    if (!event.error.empty()) error_ = event.error;
    if (event.finish && --open_ == 0) ended_.notify_all();
  }
  // Tokens a second while all decoded.
  double wait_for_rate() {
    MutexLock lock(mutex_);
    ended_.wait(lock, [this]() REQUIRES(mutex_) { return open_ == 0; });
    if (!error_.empty()) fail(ErrorCode::internal, "{}", error_);
    Clock::time_point begin = times_.front().front(), end = times_.front().back();
    for (const auto& times : times_) begin = std::max(begin, times.front()), end = std::min(end, times.back());
    size_t count = 0;
    for (const auto& times : times_) {
      count += static_cast<size_t>(std::ranges::count_if(times, [&](auto at) { return at > begin && at <= end; }));
    }
    return static_cast<double>(count) / std::chrono::duration<double>(end - begin).count();
  }

 private:
  Mutex mutex_;
  Condition ended_;
  std::vector<std::vector<Clock::time_point>> times_ GUARDED_BY(mutex_);
  size_t open_ GUARDED_BY(mutex_);
  std::string error_ GUARDED_BY(mutex_);
};

struct Rates {
  std::vector<double> plain, constrained;
  uint64_t tokens = 0, forced = 0;  // constrained
  double mask_s = 0;
};

class Bench {
 public:
  Bench(Served& served, std::shared_ptr<const TokenConstraint> constraint, int tokens)
      : served_(served),
        constraint_(std::move(constraint)),
        tokens_(tokens),
        prompt_(served.checkpoint.tokenizer->encode(kPrompt)) {}

  // One round of each.
  void run(int sequences, uint64_t seed, Rates& rates) {
    rates.plain.push_back(rate(sequences, seed, false));
    const EngineStats before = served_.engine->stats();
    rates.constrained.push_back(rate(sequences, seed, true));
    const EngineStats after = served_.engine->stats();
    rates.tokens += after.output_tokens - before.output_tokens;
    rates.forced += after.forced_tokens - before.forced_tokens;
    rates.mask_s += after.mask_s - before.mask_s;
  }

 private:
  double rate(int sequences, uint64_t seed, bool is_constrained) {
    TokenTimes times(static_cast<size_t>(sequences));
    for (size_t i = 0; i < static_cast<size_t>(sequences); ++i) {
      Request request{.prompt = prompt_, .tokens_max = tokens_};
      request.end_tokens = served_.checkpoint.defaults.end_tokens;
      request.ignore_end = true;
      request.sampling.seed = seed + i;
      if (is_constrained) request.constraint = constraint_;
      const SubmitResult submitted =
          served_.engine->submit(std::move(request), [&times, i](Event&& event) { times.add(i, event); });
      if (submitted.status != SubmitStatus::accepted) fail(ErrorCode::internal, "the engine takes no requests");
    }
    return times.wait_for_rate();
  }

  Served& served_;
  const std::shared_ptr<const TokenConstraint> constraint_;
  const int tokens_;
  const SharedList<TokenId> prompt_;
};

Json row_of(const std::string& model, int sequences, const Rates& rates) {
  const double plain = median_of(rates.plain), constrained = median_of(rates.constrained);
  Json row;
  row.set("model", model);
  row.set("n_batch", sequences);
  row.set("plain_ts", plain);
  row.set("constrained_ts", constrained);
  row.set("ratio", constrained / plain);
  row.set("forced_share", static_cast<double>(rates.forced) / static_cast<double>(rates.tokens));
  row.set("mask_us", 1e6 * rates.mask_s / static_cast<double>(rates.tokens - rates.forced));
  return row;
}

std::vector<ReportColumn> columns() {
  return {{"model", "model"},
          {"n_batch", "sequences"},
          {"plain_ts", "without t/s", 1},
          {"constrained_ts", "with t/s", 1},
          {"ratio", "ratio", 3},
          {"forced_share", "forced", 2},
          {"mask_us", "us a mask", 1}};
}

}  // namespace

int bench_constraint(const BenchModelOptionValues& asked, const grammar::ConstraintSource& source) {
  const ReportFormat format = parse_report_format(asked.output);
  BenchModelOptionValues options = asked;
  const std::vector<int> batches = parse_number_list("-b", options.batches, 1, 4096);
  const std::vector<int> generations = parse_number_list("-n", options.generations, 2, 1 << 24);
  const std::vector<int> threads = parse_number_list("-t", options.thread_counts, 0, 1024);
  if (generations.size() != 1 || threads.size() != 1) {
    fail(ErrorCode::invalid_argument, "-n and -t: expected one number each beside a constraint");
  }
  options.threads = threads.front();
  options.sequences_max = *std::ranges::max_element(batches);
  const Runtime runtime =
      load_models(read_runtime_settings(options), {read_model_settings(named_model(options.model), options)});
  Served& served = runtime.first();
  Bench bench(served, served.constraints->get(grammar::repeated(source)), generations.front());
  Json::Array rows;
  for (const int sequences : batches) {
    Rates warm, rates;
    bench.run(sequences, 1, warm);
    for (int round = 0; round < options.repetitions; ++round) {
      bench.run(sequences, static_cast<uint64_t>(100 * (round + 1)), rates);
    }
    rows.push_back(row_of(served.name, sequences, rates));
  }
  write_output(write_report(format, columns(), rows));
  return 0;
}

}  // namespace estoc
