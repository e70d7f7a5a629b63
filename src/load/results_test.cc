// Statistics by exact expectations.
#include "load/results.h"

#include <gtest/gtest.h>

#include "load/drift.h"
#include "load/failure_list.h"

namespace estoc {
namespace {

RequestRecord answered(double scheduled_s, double first_s, std::vector<double> gaps_s) {
  RequestRecord record{.scheduled_s = scheduled_s, .sent_s = scheduled_s, .first_s = first_s, .end_s = first_s};
  record.output_tokens = static_cast<int>(gaps_s.size()) + 1;
  for (const double gap : gaps_s) record.end_s += gap;
  record.gaps_s = std::move(gaps_s);
  record.status = 200;
  record.prompt_tokens = 10;
  record.cached_tokens = 4;
  return record;
}

RequestRecord failed(int status, std::string error) {
  RequestRecord record;
  record.status = status;
  record.error = std::move(error);
  return record;
}

TEST(Summary, of_two_answers) {
  const LoadPoint point{.server = "a",
                        .load = "1 req/s",
                        .offered_rps = 1,
                        .duration_s = 10,
                        .requests = {answered(0, 1, {0.25, 0.75}), answered(2, 5, {0.5, 0.5, 2})}};
  const PointSummary summary = summarize(point, {});
  EXPECT_EQ(summary.server, "a");
  EXPECT_EQ(summary.load, "1 req/s");
  EXPECT_EQ(summary.sent, 2);
  EXPECT_EQ(summary.ok, 2);
  EXPECT_EQ(summary.refused + summary.failed, 0);
  EXPECT_DOUBLE_EQ(summary.ttft_s.mean, 2);  // 1 and 3
  EXPECT_DOUBLE_EQ(summary.ttft_s.p50, 2);
  EXPECT_DOUBLE_EQ(summary.ttft_s.p90, 2.8);
  EXPECT_DOUBLE_EQ(summary.ttft_s.p99, 2.98);
  EXPECT_DOUBLE_EQ(summary.ttft_s.max, 3);
  EXPECT_DOUBLE_EQ(summary.tbt_s.mean, 0.8);  // 0.25 0.5 0.5 0.75 2
  EXPECT_DOUBLE_EQ(summary.tbt_s.p50, 0.5);
  EXPECT_DOUBLE_EQ(summary.tbt_s.p95, 1.75);
  EXPECT_DOUBLE_EQ(summary.tpot_s.p50, 0.75);  // 0.5 and 1
  EXPECT_DOUBLE_EQ(summary.e2e_s.max, 6);
  EXPECT_DOUBLE_EQ(summary.gap_max_s.mean, 1.375);
  EXPECT_EQ(summary.prompt_tokens, 20);
  EXPECT_EQ(summary.cached_tokens, 8);
  EXPECT_EQ(summary.output_tokens, 7);
  EXPECT_DOUBLE_EQ(summary.done_rps, 0.2);
  EXPECT_DOUBLE_EQ(summary.goodput_rps, 0.2);
  EXPECT_DOUBLE_EQ(summary.output_tps, 0.7);
  EXPECT_DOUBLE_EQ(summary.total_tps, 2.7);
}

TEST(Summary, of_percentiles_between_a_hundred_values) {
  LoadPoint point{.duration_s = 1};
  for (int i = 100; i >= 0; --i) point.requests.push_back(answered(0, i, {}));
  const Percentiles ttft = summarize(point, {}).ttft_s;
  EXPECT_DOUBLE_EQ(ttft.p50, 50);
  EXPECT_DOUBLE_EQ(ttft.p90, 90);
  EXPECT_DOUBLE_EQ(ttft.p95, 95);
  EXPECT_DOUBLE_EQ(ttft.p99, 99);
  EXPECT_DOUBLE_EQ(ttft.max, 100);
}

TEST(Summary, goodput_is_what_keeps_both_limits) {
  std::vector<double> one_stall(200, 0.1);
  one_stall[7] = 5;  // less than 1 % of the gaps
  const LoadPoint point{.duration_s = 2,
                        .requests = {answered(0, 1, {0.1, 0.1}), answered(0, 1.1, {0.1}), answered(0, 0.5, {0.1, 0.4}),
                                     answered(0, 0.5, one_stall), answered(0, 0.5, {})}};
  EXPECT_DOUBLE_EQ(summarize(point, {}).goodput_rps, 2.5);
  EXPECT_DOUBLE_EQ(summarize(point, {.ttft_s = 1}).goodput_rps, 2);
  EXPECT_DOUBLE_EQ(summarize(point, {.tbt_s = 0.2}).goodput_rps, 2);
  EXPECT_DOUBLE_EQ(summarize(point, {.ttft_s = 1, .tbt_s = 0.2}).goodput_rps, 1.5);
}

TEST(Summary, refusals_and_failures_count_apart_and_have_no_latency) {
  LoadPoint point{.duration_s = 4,
                  .requests = {failed(429, "full"), failed(503, "stopping"), failed(500, "oops"), failed(0, "reset"),
                               failed(200, "cut off"), answered(0, 1, {})}};
  point.requests[4].first_s = 100;
  const PointSummary summary = summarize(point, {});
  EXPECT_EQ(summary.sent, 6);
  EXPECT_EQ(summary.ok, 1);
  EXPECT_EQ(summary.refused, 2);
  EXPECT_EQ(summary.failed, 3);
  EXPECT_DOUBLE_EQ(summary.ttft_s.max, 1);
  EXPECT_DOUBLE_EQ(summary.done_rps, 0.25);
}

TEST(Summary, of_nothing) {
  const PointSummary summary = summarize({}, {.ttft_s = 1});
  EXPECT_EQ(summary.sent, 0);
  EXPECT_EQ(summary.done_rps, 0);
  EXPECT_EQ(summary.ttft_s.p99, 0);
}

TEST(Summary, an_answer_without_tokens_has_an_end_only) {
  RequestRecord empty = answered(0, -1, {});
  empty.end_s = 3;
  empty.output_tokens = 0;
  const PointSummary summary = summarize({.duration_s = 1, .requests = {empty}}, {.ttft_s = 10});
  EXPECT_EQ(summary.ok, 1);
  EXPECT_EQ(summary.ttft_s.max, 0);
  EXPECT_EQ(summary.e2e_s.max, 3);
  EXPECT_EQ(summary.goodput_rps, 0);
}

TEST(FailureList, the_most_frequent_first) {
  const std::vector<RequestRecord> requests = {failed(0, "reset"), failed(429, "full"), failed(429, "full"),
                                               answered(0, 1, {}), failed(200, "cut off")};
  const std::vector<std::string> lines = failure_list(requests, 2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "2 x status 429: full");
  EXPECT_EQ(lines[1], "1 x cut off");
}

TEST(Drift, first_quarter_and_last_by_due_time) {
  std::vector<RequestRecord> requests;
  for (int i = 7; i >= 0; --i) requests.push_back(answered(i, i + (i < 2 ? 1 : 3), {i < 2 ? 0.125 : 0.25}));
  requests.push_back(failed(500, "oops"));
  const Drift drift = drift_of(requests);
  EXPECT_DOUBLE_EQ(drift.first.ttft_s, 1);
  EXPECT_DOUBLE_EQ(drift.first.gap_s, 0.125);
  EXPECT_DOUBLE_EQ(drift.last.ttft_s, 3);
  EXPECT_DOUBLE_EQ(drift.last.gap_s, 0.25);
  EXPECT_EQ(drift_text(drift), "TTFT p50 1.000 -> 3.000 s, gap 125.0 -> 250.0 ms");
  EXPECT_EQ(drift_text(drift_of({requests[0]})), "");
}

}  // namespace
}  // namespace estoc
