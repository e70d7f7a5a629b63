#include "load/results.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace estoc {
namespace {

// Between the two nearest of the sorted values, in proportion.
double percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

Percentiles percentiles_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {.mean = sum / static_cast<double>(values.size()),
          .p50 = percentile(values, 0.5),
          .p90 = percentile(values, 0.9),
          .p95 = percentile(values, 0.95),
          .p99 = percentile(values, 0.99),
          .max = values.back()};
}

// A request counts for goodput when its first token came in time and 99 % of its gaps were short enough.
bool meets(const Slo& slo, const RequestRecord& request) {
  if (slo.ttft_s > 0 && (request.first_s < 0 || request.first_s - request.scheduled_s > slo.ttft_s)) return false;
  return slo.tbt_s <= 0 || percentiles_of(request.gaps_s).p99 <= slo.tbt_s;
}

struct Samples {
  std::vector<double> ttft_s, tbt_s, tpot_s, e2e_s, gap_max_s;

  void add(const RequestRecord& request) {
    e2e_s.push_back(request.end_s - request.scheduled_s);
    if (request.first_s < 0) return;
    ttft_s.push_back(request.first_s - request.scheduled_s);
    if (request.output_tokens > 1) {
      tpot_s.push_back((request.end_s - request.first_s) / (request.output_tokens - 1));
    }
    if (request.gaps_s.empty()) return;
    tbt_s.insert(tbt_s.end(), request.gaps_s.begin(), request.gaps_s.end());
    gap_max_s.push_back(*std::max_element(request.gaps_s.begin(), request.gaps_s.end()));
  }
};

void count(const RequestRecord& request, PointSummary& summary) {
  ++summary.sent;
  if (request.status == 429 || request.status == 503) {
    ++summary.refused;
  } else if (!request.is_ok()) {
    ++summary.failed;
  }
  if (!request.is_ok()) return;
  ++summary.ok;
  summary.prompt_tokens += request.prompt_tokens;
  summary.cached_tokens += request.cached_tokens;
  summary.output_tokens += request.output_tokens;
}

}  // namespace

bool RequestRecord::is_ok() const { return status == 200 && error.empty(); }

PointSummary summarize(const LoadPoint& point, const Slo& slo) {
  PointSummary summary{
      .server = point.server, .load = point.load, .offered_rps = point.offered_rps, .duration_s = point.duration_s};
  Samples samples;
  int good = 0;
  for (const RequestRecord& request : point.requests) {
    count(request, summary);
    if (!request.is_ok()) continue;
    samples.add(request);
    if (meets(slo, request)) ++good;
  }
  summary.ttft_s = percentiles_of(std::move(samples.ttft_s));
  summary.tbt_s = percentiles_of(std::move(samples.tbt_s));
  summary.tpot_s = percentiles_of(std::move(samples.tpot_s));
  summary.e2e_s = percentiles_of(std::move(samples.e2e_s));
  summary.gap_max_s = percentiles_of(std::move(samples.gap_max_s));
  if (point.duration_s <= 0) return summary;
  summary.done_rps = summary.ok / point.duration_s;
  summary.goodput_rps = good / point.duration_s;
  summary.output_tps = static_cast<double>(summary.output_tokens) / point.duration_s;
  summary.total_tps = static_cast<double>(summary.prompt_tokens + summary.output_tokens) / point.duration_s;
  return summary;
}

}  // namespace estoc
