#include "load/failure_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace estoc {

std::vector<std::string> failure_list(const std::vector<RequestRecord>& requests, size_t lines_max) {
  std::map<std::string, int> counts;
  for (const RequestRecord& request : requests) {
    if (request.is_ok()) continue;
    const bool names_status = request.status != 0 && request.status != 200;
    ++counts[names_status ? fmt::format("status {}: {}", request.status, request.error) : request.error];
  }
  std::vector<std::pair<std::string, int>> reasons(counts.begin(), counts.end());
  std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> lines;
  for (size_t i = 0; i < std::min(lines_max, reasons.size()); ++i) {
    lines.push_back(fmt::format("{} x {}", reasons[i].second, reasons[i].first));
  }
  return lines;
}

}  // namespace estoc
