#include "apps/options_bench_serve.h"

#include <CLI/CLI.hpp>

#include "load/workload.h"

namespace estoc {
namespace {

constexpr double kSecondsMax = 7 * 86400;

void add_server_options(CLI::App& command, BenchServeOptionValues& values) {
  command.add_option("--url", values.urls, "a server: [NAME=]http://HOST:PORT; repeat it to compare several")
      ->capture_default_str();
  command.add_option("--endpoint", values.endpoint, "chat or completions")
      ->check(CLI::IsMember({"chat", "completions"}))
      ->capture_default_str();
  command.add_option("--model", values.model, "the model to ask for; default the server's first");
  command.add_option("--api-key", values.api_key, "sent as a bearer token");
  command.add_flag("--ignore-eos,!--no-ignore-eos", values.ignores_eos,
                   "answers have exactly the tokens asked for, on servers that know ignore_eos; on by default");
  command.add_option("--temperature", values.temperature, "0 always takes the likeliest token")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command.add_option("--extra", values.extra, R"(a JSON object of further request fields, like {"priority":1})");
  command.add_option("--timeout", values.timeout_s, "seconds that a request may take")
      ->check(CLI::Range(0.001, kSecondsMax))
      ->capture_default_str();
}

void add_load_options(CLI::App& command, BenchServeOptionValues& values) {
  auto* rates =
      command.add_option("--rate", values.rates,
                         "open loop: conversations that begin a second; a list like 0.4,0.8 makes a point of each");
  command
      .add_option("--users", values.users,
                  "closed loop: users who each wait for their answer; a list like 1,4,16 makes a point of each")
      ->excludes(rates);
  command.add_option("--arrivals", values.arrivals, "of the open loop: poisson, constant, or trace (its own times)")
      ->check(CLI::IsMember({"poisson", "constant", "trace"}))
      ->capture_default_str();
  command
      .add_option("--pattern", values.pattern,
                  "steady; ramp: from nothing to the full load; spike: three times the load in the middle fifth; "
                  "endurance: steady, and tells how latencies drift")
      ->check(CLI::IsMember({"steady", "ramp", "spike", "endurance"}))
      ->capture_default_str();
  command.add_option("--requests", values.requests, "conversations of each point; 0 for no such end")
      ->check(CLI::Range(0, 1 << 30));
  command.add_option("--duration", values.duration_s, "seconds in which they begin; default 60 without --requests")
      ->check(CLI::Range(0.0, kSecondsMax));
  command.add_option("--warmup", values.warmup, "conversations before each point that are not counted")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command.add_option("--pause", values.pause_s, "seconds between points")
      ->check(CLI::Range(0.0, kSecondsMax))
      ->capture_default_str();
}

void add_workload_options(CLI::App& command, BenchServeOptionValues& values) {
  command.add_option("--workload", values.workload, "what is asked: " + workload_list())->capture_default_str();
  command.add_option("--seed", values.seed, "of workload and arrivals; another seed asks other things")
      ->capture_default_str();
  const auto count = [&](const std::string& name, int& value, const std::string& help) {
    command.add_option(name, value, help + "; 0 takes the workload's own")->check(CLI::Range(0, 1 << 24));
  };
  count("--input-tokens", values.input_tokens, "length of a prompt, for workloads that can choose");
  count("--output-tokens", values.output_tokens, "length of an answer");
  count("--prefix-tokens", values.prefix_tokens, "length of the prefix that prompts share");
  count("--turns", values.turns, "turns of a conversation");
  command.add_option("--trace", values.trace_file, "the file that the workload `trace` replays");
  command.add_option("--trace-speed", values.trace_speed, "how many times faster than recorded")
      ->check(CLI::Range(1e-6, 1e6))
      ->capture_default_str();
}

void add_report_options(CLI::App& command, LoadReportOptionValues& values) {
  command
      .add_option("--slo-ttft", values.slo_ttft_ms, "goodput counts answers whose first token comes within so many ms")
      ->check(CLI::Range(0.0, 1e9));
  command
      .add_option("--slo-tbt", values.slo_tbt_ms,
                  "goodput counts answers of which 99 % of the gaps between tokens are at most so many ms")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("-o,--output", values.output, "table, json, csv or md")->capture_default_str();
  command.add_option("--html", values.html_file, "a file for one page with plots and tables");
  command.add_option("--plots", values.plots_folder, "a folder for the plots as SVG files");
}

}  // namespace

void add_bench_serve_options(CLI::App& command, BenchServeOptionValues& values) {
  add_server_options(command, values);
  add_load_options(command, values);
  add_workload_options(command, values);
  add_report_options(command, values);
  command.add_option("--json", values.json_file,
                     "a file for the command, what is told of each point and every request of it");
}

void add_bench_report_options(CLI::App& command, BenchReportOptionValues& values) {
  command
      .add_option("FILE", values.files,
                  "what `estoc bench serve --json` wrote; points of one server and load are pooled")
      ->required();
  command.add_option("--title", values.title, "of the page")->capture_default_str();
  add_report_options(command, values);
}

}  // namespace estoc
