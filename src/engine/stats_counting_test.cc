#include "engine/stats_counting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace estoc {
namespace {

// Dashboards and alerts ask for a bucket by its bound: le="60" of another engine's metric has to be here as well.
TEST(StatsCounting, BucketsStayWhereDashboardsLookForThem) {
  const EngineStats stats = with_buckets();
  const auto bounds_of = [](const Histogram& histogram) {
    return std::vector<double>(histogram.bounds().begin(), histogram.bounds().end());
  };
  EXPECT_EQ(bounds_of(stats.ttft_s),
            (std::vector<double>{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
                                 1,     2.5,   5,    7.5,  10,   20,   40,   80,  160,  640, 2560}));
  EXPECT_EQ(bounds_of(stats.inter_token_s), (std::vector<double>{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4,
                                                                 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80}));
  for (const Histogram* times : {&stats.queue_s, &stats.prefill_s, &stats.decode_s, &stats.e2e_s}) {
    EXPECT_EQ(bounds_of(*times), (std::vector<double>{0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                                                      30,  40,  50,  60, 120, 240, 480, 960, 1920, 7680}));
  }
  for (const Histogram* own : {&stats.step_s, &stats.step_rows}) EXPECT_TRUE(std::ranges::is_sorted(own->bounds()));
}

Clock::time_point at(double seconds) {
  return Clock::time_point() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

TEST(StatsCounting, TheFirstTokenIsMeasuredFromTheBeginningAndTheOthersFromTheOneBefore) {
  EngineStats stats = with_buckets();
  Sequence sequence(1, Request{.prompt = {1}}, [](Event&&) {}, 1);
  sequence.submitted_at = at(10);
  count_token(stats, sequence, at(10.5));
  EXPECT_DOUBLE_EQ(stats.ttft_s.sum(), 0.5);
  EXPECT_EQ(stats.inter_token_s.count(), 0u);
  count_token(stats, sequence, at(12.5));
  count_token(stats, sequence, at(12.75));
  EXPECT_EQ(stats.output_tokens, 3u);
  EXPECT_EQ(stats.ttft_s.count(), 1u);
  EXPECT_EQ(stats.inter_token_s.count(), 2u);
  EXPECT_DOUBLE_EQ(stats.inter_token_s.sum(), 2.25);
  EXPECT_DOUBLE_EQ(sequence.gap_max_s, 2);
}

TEST(StatsCounting, ARequestsTimesAddUpToItsWhole) {
  EngineStats stats = with_buckets();
  count_times(stats, {.queue_s = 1, .prefill_s = 2, .decode_s = 4});
  EXPECT_EQ(stats.queue_s.sum(), 1);
  EXPECT_EQ(stats.prefill_s.sum(), 2);
  EXPECT_EQ(stats.decode_s.sum(), 4);
  EXPECT_EQ(stats.e2e_s.sum(), 7);
}

}  // namespace
}  // namespace estoc
