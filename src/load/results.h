// What one request and one load point were, and the numbers that are told of them. Plain values; nothing is thrown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace estoc {

struct RequestRecord {
  std::string category;
  int turn = 0;
  double scheduled_s = 0, sent_s = 0;  // on the run's clock
  double first_s = -1;                 // the first token; -1: none came
  double end_s = 0;
  std::vector<double> gaps_s;  // between successive chunks with tokens
  int status = 0;              // HTTP; 0: no answer
  std::string error;
  int prompt_tokens = 0, cached_tokens = 0, output_tokens = 0;

  bool is_ok() const;
};

struct LoadPoint {
  std::string server;
  std::string load;  // "0.8 req/s" or "16 users"
  double offered_rps = 0;
  int users = 0;
  double duration_s = 0;
  std::vector<RequestRecord> requests;
};

struct Percentiles {
  double mean = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0, max = 0;
};

struct Slo {
  double ttft_s = 0, tbt_s = 0;  // 0: none
};

struct PointSummary {
  std::string server, load;
  double offered_rps = 0, duration_s = 0;
  int sent = 0, ok = 0, refused = 0 /* 429, 503 */, failed = 0;
  double done_rps = 0, output_tps = 0, total_tps = 0, goodput_rps = 0;
  Percentiles ttft_s, tbt_s /* all gaps of all requests */, tpot_s /* per request: (end - first) / (n - 1) */, e2e_s,
      gap_max_s /* the worst gap of each request */;
  int64_t prompt_tokens = 0, cached_tokens = 0, output_tokens = 0;
};

PointSummary summarize(const LoadPoint& point, const Slo& slo);

}  // namespace estoc
