#include "server/load_reporter.h"

#include <fmt/format.h>

#include "base/background.h"
#include "base/log.h"

namespace estoc {
namespace {

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double rate(uint64_t before, uint64_t now, double seconds) { return static_cast<double>(now - before) / seconds; }

// "; <name> p50 .. p99 .. ms" of what was added in between.
void add_times(std::string& line, const char* name, const Histogram& before, const Histogram& now) {
  const Histogram times = now.since(before);
  if (times.count() == 0) return;
  line += fmt::format("; {} p50 {:.0f} p99 {:.0f} ms", name, 1e3 * times.quantile(0.5), 1e3 * times.quantile(0.99));
}

void add_counts(std::string& line, const EngineStats& before, const EngineStats& now) {
  const auto count = [&](const char* name, uint64_t more) {
    if (more > 0) line += fmt::format("; {} {}", more, name);
  };
  count("preempted", now.preemptions - before.preemptions);
  count("refused", now.requests_refused - before.requests_refused);
  count("cancelled", now.requests_cancelled - before.requests_cancelled);
  count("timed out", now.requests_timed_out - before.requests_timed_out);
}

bool is_same(const EngineStats& before, const EngineStats& now) {
  return now.steps == before.steps && now.requests_refused == before.requests_refused;
}

}  // namespace

std::string describe_load(const EngineStats& before, const EngineStats& now, double seconds) {
  if (is_same(before, now)) return {};
  std::string line = fmt::format(
      "{} running, {} waiting ({:.1f} s of work); prompts {:.0f} and output {:.0f} tokens/s; cache {:.0f} % in use, "
      "{:.0f} % of prompts found",
      now.running, now.waiting, now.queue_work_s, rate(before.prompt_tokens, now.prompt_tokens, seconds),
      rate(before.output_tokens, now.output_tokens, seconds),
      share(static_cast<uint64_t>(now.kv_blocks_used), static_cast<uint64_t>(now.kv_blocks)),
      share(now.prefix_tokens_cached - before.prefix_tokens_cached, now.prefix_tokens - before.prefix_tokens));
  add_times(line, "first token", before.ttft_s, now.ttft_s);
  add_times(line, "gap", before.inter_token_s, now.inter_token_s);
  add_times(line, "step", before.step_s, now.step_s);
  add_counts(line, before, now);
  return line;
}

std::string describe_text_load(const EngineStats& before, const EngineStats& now, double seconds) {
  if (is_same(before, now)) return {};
  std::string line = fmt::format("{} running, {} waiting ({:.1f} s of work); {:.0f} tokens/s", now.running, now.waiting,
                                 now.queue_work_s, rate(before.prompt_tokens, now.prompt_tokens, seconds));
  add_times(line, "batch", before.step_s, now.step_s);
  add_times(line, "request", before.e2e_s, now.e2e_s);
  add_counts(line, before, now);
  return line;
}

std::vector<std::string> describe_loads(const api::Models& models, const std::vector<EngineStats>& before,
                                        const std::vector<EngineStats>& now, double seconds) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < now.size(); ++i) {
    const auto describe = models.list()[i].task() == api::ModelTask::generate ? describe_load : describe_text_load;
    const std::string line = describe(before[i], now[i], seconds);
    if (!line.empty()) lines.push_back(now.size() > 1 ? models.list()[i].name + ": " + line : line);
  }
  return lines;
}

LoadReporter::LoadReporter(const api::Models& models, std::chrono::milliseconds interval)
    : models_(models), interval_(interval), thread_([this] { run(); }) {}

LoadReporter::~LoadReporter() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LoadReporter::run() {
  using Clock = std::chrono::steady_clock;
  enter_background();
  const auto look = [this] {
    std::vector<EngineStats> stats;
    for (const api::ServedModel& model : models_.list()) stats.push_back(model.stats().engine);
    return stats;
  };
  std::vector<EngineStats> before = look();
  Clock::time_point begin = Clock::now();
  MutexLock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this]() REQUIRES(mutex_) { return is_stopping_; })) {
    std::vector<EngineStats> now = look();
    const Clock::time_point end = Clock::now();
    const double seconds = std::chrono::duration<double>(end - begin).count();
    for (const std::string& line : describe_loads(models_, before, now, seconds)) log_info("{}", line);
    before = std::move(now);
    begin = end;
  }
}

}  // namespace estoc
