#include "engine/stats_counting.h"

#include <algorithm>

namespace estoc {
namespace {

constexpr double kFirstToken[] = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
                                  1,     2.5,   5,    7.5,  10,   20,   40,   80,  160,  640, 2560};
constexpr double kBetweenTokens[] = {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
                                     0.75, 1,     2.5,  5,     7.5, 10,   20,  40,  80};
constexpr double kRequest[] = {0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                               30,  40,  50,  60, 120, 240, 480, 960, 1920, 7680};
constexpr double kStep[] = {0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075,
                            0.1,   0.125,  0.15,  0.2,    0.25, 0.3,   0.4,  0.5,  0.75, 1,    2.5};
constexpr double kRows[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};

}  // namespace

EngineStats with_buckets() {
  EngineStats stats;
  stats.ttft_s = Histogram(kFirstToken);
  stats.inter_token_s = Histogram(kBetweenTokens);
  for (Histogram* times : {&stats.queue_s, &stats.prefill_s, &stats.decode_s, &stats.e2e_s}) {
    *times = Histogram(kRequest);
  }
  stats.step_s = Histogram(kStep);
  stats.step_rows = Histogram(kRows);
  return stats;
}

void count_token(EngineStats& stats, Sequence& sequence, Clock::time_point now) {
  ++stats.output_tokens;
  if (!sequence.first_token_at) {
    sequence.first_token_at = now;
    stats.ttft_s.add(seconds_between(sequence.submitted_at, now));
  } else {
    const double gap = seconds_between(*sequence.last_token_at, now);
    sequence.gap_max_s = std::max(sequence.gap_max_s, gap);
    stats.inter_token_s.add(gap);
  }
  sequence.last_token_at = now;
}

void count_times(EngineStats& stats, const RequestTimes& times) {
  stats.queue_s.add(times.queue_s);
  stats.prefill_s.add(times.prefill_s);
  stats.decode_s.add(times.decode_s);
  stats.e2e_s.add(times.queue_s + times.prefill_s + times.decode_s);
}

}  // namespace estoc
