// `estoc bench serve`: loads OpenAI-compatible servers and tells their latencies. Progress goes to standard error,
// results to standard output and into the files that were asked for.
#include <fmt/format.h>
#include <signal.h>

#include <charconv>
#include <cmath>
#include <cstdio>

#include "apps/commands.h"
#include "apps/load_report.h"
#include "apps/progress_line.h"
#include "base/error.h"
#include "load/drift.h"
#include "load/failure_list.h"
#include "load/sweep.h"
#include "report/points_json.h"
#include "report/saved_points.h"

namespace estoc {
namespace {

volatile sig_atomic_t is_interrupted = 0;

// The first signal ends the measurement, a second one the process.
void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { is_interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

std::vector<double> parse_loads(const std::string& flag, const std::string& text, double max, bool is_whole) {
  std::vector<double> numbers;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    const bool is_number = error == std::errc() && stop == text.data() + end && number > 0 && number <= max;
    if (!is_number || (is_whole && number != std::floor(number))) {
      fail(ErrorCode::invalid_argument, "{}: '{}' is not a list of {} above 0 and up to {:g}, separated by commas",
           flag, text, is_whole ? "whole numbers" : "numbers", max);
    }
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

std::vector<LoadShape> loads_of(const BenchServeOptionValues& options) {
  LoadShape shape{.pattern = parse_load_pattern(options.pattern),
                  .arrivals = parse_arrival_kind(options.arrivals),
                  .trace_speed = options.trace_speed,
                  .duration_s = options.duration_s,
                  .conversations_max = options.requests,
                  .seed = options.seed};
  if (options.duration_s <= 0 && options.requests <= 0) shape.duration_s = 60;
  std::vector<LoadShape> loads;
  for (const double rate :
       options.rates.empty() ? std::vector<double>() : parse_loads("--rate", options.rates, 1e5, false)) {
    if (shape.arrivals == ArrivalKind::trace) {
      fail(ErrorCode::invalid_argument, "--rate: a trace has its own; --trace-speed changes it");
    }
    shape.rate = rate;
    loads.push_back(shape);
  }
  for (const double users :
       options.users.empty() ? std::vector<double>() : parse_loads("--users", options.users, 1e5, true)) {
    shape.users = static_cast<int>(users);
    loads.push_back(shape);
  }
  if (!loads.empty()) return loads;
  if (options.workload == "trace") shape.arrivals = ArrivalKind::trace;
  if (shape.arrivals != ArrivalKind::trace) {
    fail(ErrorCode::invalid_argument, "how much load? expected --rate or --users, or --workload trace");
  }
  return {shape};
}

SweepPlan plan_of(const BenchServeOptionValues& options) {
  SweepPlan plan{.loads = loads_of(options), .warmup = options.warmup, .pause_s = options.pause_s};
  for (const std::string& url : options.urls) plan.targets.push_back(parse_target(url));
  plan.request = {.api = options.endpoint == "chat" ? CompletionApi::chat : CompletionApi::text,
                  .model = options.model,
                  .api_key = options.api_key,
                  .ignores_eos = options.ignores_eos,
                  .temperature = options.temperature,
                  .timeout_s = options.timeout_s};
  if (options.api_key.find_first_of("\r\n") != std::string::npos) {
    fail(ErrorCode::invalid_argument, "--api-key: expected no line breaks");
  }
  if (!options.extra.empty()) {
    try {
      plan.request.extra = parse_json(options.extra);
    } catch (const Error& error) {
      fail(ErrorCode::invalid_argument, "--extra: {}", error.what());
    }
    if (!plan.request.extra.is_object()) fail(ErrorCode::invalid_argument, "--extra: expected a JSON object");
  }
  plan.workload = {.name = options.workload,
                   .seed = options.seed,
                   .input_tokens = options.input_tokens,
                   .output_tokens = options.output_tokens,
                   .prefix_tokens = options.prefix_tokens,
                   .turns = options.turns,
                   .trace_file = options.trace_file,
                   .trace_speed = options.trace_speed};
  return plan;
}

void say_point(ProgressLine& progress, const LoadPoint& point, bool tells_drift) {
  const std::string title = fmt::format("{}, {}", point.server, point.load);
  for (const std::string& line : failure_list(point.requests, 3)) progress.say(title + ": " + line);
  const std::string drift = tells_drift ? drift_text(drift_of(point.requests)) : "";
  if (!drift.empty()) progress.say(title + ": first to last quarter: " + drift);
}

// Files are handed round, keys are not.
std::vector<std::string> without_key(std::vector<std::string> command) {
  constexpr std::string_view kFlag = "--api-key", kHidden = "***";
  for (size_t i = 0; i < command.size(); ++i) {
    if (command[i] == kFlag && i + 1 < command.size()) command[i + 1] = kHidden;
    if (command[i].starts_with(fmt::format("{}=", kFlag))) command[i] = fmt::format("{}={}", kFlag, kHidden);
  }
  return command;
}

}  // namespace

int bench_serve(const BenchServeOptionValues& options) {
  const LoadReport report(options);
  const SweepPlan plan = plan_of(options);
  // A file that cannot be written is found before the measurement, not after it.
  if (!options.json_file.empty()) write_file(options.json_file, "");
  catch_interrupts();
  ProgressLine progress("estoc bench");
  const bool tells_drift = parse_load_pattern(options.pattern) == LoadPattern::endurance;
  const std::vector<LoadPoint> points =
      run_sweep(plan, {.progress = [&](const std::string& text) { progress.show(text); },
                       .point_done = [&](const LoadPoint& point) { say_point(progress, point, tells_drift); },
                       .should_stop = [] { return is_interrupted != 0; }});
  progress.wipe();
  const std::vector<PointSummary> summaries = report.summarize(points);
  if (!options.json_file.empty()) {
    write_file(options.json_file, saved_text(measurement_json(without_key(options.command), summaries, points)));
  }
  const std::string load = options.rates.empty() ? "--users " + options.users : "--rate " + options.rates;
  const bool has_answer =
      report.tell(summaries, {.title = "Latency under load: " + options.workload,
                              .command = fmt::format("estoc bench serve --workload {} {} --pattern {} --seed {}",
                                                     options.workload, load, options.pattern, options.seed)});
  return has_answer ? 0 : 1;
}

}  // namespace estoc
