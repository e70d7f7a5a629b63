// Flags of `estoc bench serve`, and of `estoc bench report`, which tells its results again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace estoc {

// What load points are told with.
struct LoadReportOptionValues {
  double slo_ttft_ms = 0, slo_tbt_ms = 0;  // 0: none
  std::string output = "table";
  std::string html_file, plots_folder;  // empty: not written
};

struct BenchServeOptionValues : LoadReportOptionValues {
  std::vector<std::string> urls = {"http://127.0.0.1:8000"};
  std::string endpoint = "chat";  // or "completions"
  std::string model, api_key, extra;
  bool ignores_eos = true;
  double temperature = 0, timeout_s = 600;

  std::string rates, users;  // lists: "0.4,0.8"
  std::string arrivals = "poisson", pattern = "steady";
  int requests = 0;
  double duration_s = 0;
  int warmup = 2;
  double pause_s = 2;

  std::string workload = "short";
  uint64_t seed = 1;
  int input_tokens = 0, output_tokens = 0, prefix_tokens = 0, turns = 0;  // 0: the workload's own
  std::string trace_file;
  double trace_speed = 1;

  std::string json_file;             // empty: not written
  std::vector<std::string> command;  // all of it, as it was typed
};

struct BenchReportOptionValues : LoadReportOptionValues {
  std::vector<std::string> files;  // of bench serve --json
  std::string title = "Latency under load";
};

void add_bench_serve_options(CLI::App& command, BenchServeOptionValues& values);
void add_bench_report_options(CLI::App& command, BenchReportOptionValues& values);

}  // namespace estoc
