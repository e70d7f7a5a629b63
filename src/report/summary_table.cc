#include "report/summary_table.h"

#include <string>

namespace estoc {
namespace {

// Each of "name_mean", "name_p50" ... in milliseconds.
void add_percentiles(Json::Object& row, const std::string& name, const Percentiles& seconds) {
  const auto add = [&](const char* suffix, double value) { row.emplace_back(name + suffix, value * 1e3); };
  add("_mean", seconds.mean);
  add("_p50", seconds.p50);
  add("_p90", seconds.p90);
  add("_p95", seconds.p95);
  add("_p99", seconds.p99);
  add("_max", seconds.max);
}

}  // namespace

std::vector<ReportColumn> summary_columns() {
  return {{"server", "server"},
          {"load", "load"},
          {"sent", "sent"},
          {"ok", "ok"},
          {"refused", "refused"},
          {"failed", "failed"},
          {"ttft_ms_p50", "TTFT p50 ms", 0},
          {"ttft_ms_p99", "p99", 0},
          {"tbt_ms_mean", "TBT mean ms", 1},
          {"tbt_ms_p50", "p50", 1},
          {"tbt_ms_p99", "p99", 1},
          {"tbt_ms_max", "max", 0},
          {"tpot_ms_p50", "TPOT p50 ms", 1},
          {"e2e_ms_p50", "e2e p50 ms", 0},
          {"done_rps", "done req/s", 3},
          {"goodput_rps", "goodput", 3},
          {"output_tps", "out tok/s", 1},
          {"cached_percent", "cached %", 0}};
}

Json summary_row(const PointSummary& summary) {
  Json::Object row = {{"server", summary.server},
                      {"load", summary.load},
                      {"offered_rps", summary.offered_rps},
                      {"duration_s", summary.duration_s},
                      {"sent", summary.sent},
                      {"ok", summary.ok},
                      {"refused", summary.refused},
                      {"failed", summary.failed},
                      {"done_rps", summary.done_rps},
                      {"goodput_rps", summary.goodput_rps},
                      {"output_tps", summary.output_tps},
                      {"total_tps", summary.total_tps}};
  add_percentiles(row, "ttft_ms", summary.ttft_s);
  add_percentiles(row, "tbt_ms", summary.tbt_s);
  add_percentiles(row, "tpot_ms", summary.tpot_s);
  add_percentiles(row, "e2e_ms", summary.e2e_s);
  add_percentiles(row, "gap_max_ms", summary.gap_max_s);
  row.emplace_back("prompt_tokens", summary.prompt_tokens);
  row.emplace_back("cached_tokens", summary.cached_tokens);
  row.emplace_back("output_tokens", summary.output_tokens);
  const auto prompt_tokens = static_cast<double>(summary.prompt_tokens);
  row.emplace_back("cached_percent",
                   prompt_tokens > 0 ? 100 * static_cast<double>(summary.cached_tokens) / prompt_tokens : 0.0);
  return row;
}

}  // namespace estoc
