#include "bench/model_profile.h"

#include <algorithm>

namespace estoc {
namespace {

Json row_of(const ModelBenchResult& result, const std::string& layers, const std::string& op,
            const Profile::Total& total, double all_seconds) {
  Json row;
  row.set("test", result.test.name());
  row.set("threads", result.threads);
  row.set("layers", layers);
  row.set("op", op);
  row.set("calls", total.calls / result.passes);
  row.set("ms_a_pass", 1e3 * total.seconds / static_cast<double>(result.passes));
  row.set("percent", 100 * total.seconds / all_seconds);
  row.set("gb_s", total.bytes == 0 ? Json() : Json(static_cast<double>(total.bytes) / total.seconds / 1e9));
  return row;
}

}  // namespace

Json::Array model_profile_rows(const ModelBenchResult& result) {
  std::map<std::string, Profile::Total> by_op;
  std::map<int, Profile::Total> by_layer;
  double seconds = 0;
  for (const auto& [key, total] : result.profile) {
    const auto& [layer, op] = key;
    by_op[(layer == Profile::kOutside ? "(outside) " : "") + op].add(total);
    by_layer[layer].add(total);
    seconds += total.seconds;
  }
  std::vector<std::pair<std::string, Profile::Total>> ops(by_op.begin(), by_op.end());
  std::ranges::sort(ops, [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  Json::Array rows;
  for (const auto& [op, total] : ops) rows.push_back(row_of(result, "all", op, total, seconds));
  for (const auto& [layer, total] : by_layer) {
    rows.push_back(
        row_of(result, layer == Profile::kOutside ? "outside" : std::to_string(layer), "all", total, seconds));
  }
  return rows;
}

std::vector<ReportColumn> model_profile_columns() {
  return {{"test", "test"},   {"threads", "threads"},        {"layers", "layers"}, {"op", "op"},
          {"calls", "calls"}, {"ms_a_pass", "ms a pass", 3}, {"percent", "%", 1},  {"gb_s", "GB/s", 1}};
}

}  // namespace estoc
