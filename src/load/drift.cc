#include "load/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "bench/statistics.h"

namespace estoc {
namespace {

Quarter quarter_of(std::span<const RequestRecord* const> requests) {
  std::vector<double> ttft_s, gaps_s;
  for (const RequestRecord* request : requests) {
    ttft_s.push_back(request->first_s - request->scheduled_s);
    gaps_s.insert(gaps_s.end(), request->gaps_s.begin(), request->gaps_s.end());
  }
  return {.ttft_s = median_of(ttft_s), .gap_s = gaps_s.empty() ? 0 : mean_of(gaps_s)};
}

}  // namespace

Drift drift_of(const std::vector<RequestRecord>& requests) {
  std::vector<const RequestRecord*> good;
  for (const RequestRecord& request : requests) {
    if (request.is_ok() && request.first_s >= 0) good.push_back(&request);
  }
  const size_t count = good.size() / 4;
  if (count == 0) return {};
  std::stable_sort(good.begin(), good.end(),
                   [](const RequestRecord* a, const RequestRecord* b) { return a->scheduled_s < b->scheduled_s; });
  const std::span<const RequestRecord* const> all = good;
  return {.first = quarter_of(all.first(count)), .last = quarter_of(all.last(count))};
}

std::string drift_text(const Drift& drift) {
  if (drift.first.ttft_s == 0 && drift.last.ttft_s == 0) return {};
  return fmt::format("TTFT p50 {:.3f} -> {:.3f} s, gap {:.1f} -> {:.1f} ms", drift.first.ttft_s, drift.last.ttft_s,
                     drift.first.gap_s * 1e3, drift.last.gap_s * 1e3);
}

}  // namespace estoc
