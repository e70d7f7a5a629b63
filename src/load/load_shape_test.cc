// Arrivals by their exact times where they have any, by their statistics where they are drawn.
#include "load/load_shape.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"

namespace estoc {
namespace {

std::vector<double> first_arrivals(const LoadShape& shape, int count) {
  ArrivalTimes times(shape);
  std::vector<double> result;
  for (int i = 0; i < count; ++i) result.push_back(times.next());
  return result;
}

void expect_near(const std::vector<double>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-12) << i;
}

TEST(ArrivalTimes, constant) {
  expect_near(first_arrivals({.rate = 4, .arrivals = ArrivalKind::constant, .duration_s = 2}, 5),
              {0, 0.25, 0.5, 0.75, 1});
}

TEST(ArrivalTimes, a_constant_ramp_grows_as_the_square) {
  const LoadShape shape{.rate = 10, .pattern = LoadPattern::ramp, .arrivals = ArrivalKind::constant, .duration_s = 20};
  expect_near(first_arrivals(shape, 3), {0, 2, std::sqrt(8)});  // t^2 / 4 have arrived by t
  EXPECT_NEAR(first_arrivals(shape, 101).back(), 20, 1e-12);    // half of 10 * 20
  EXPECT_NEAR(first_arrivals(shape, 111).back(), 21, 1e-12);    // the full rate ever after
}

TEST(ArrivalTimes, a_constant_spike_is_three_times_as_dense) {
  const LoadShape shape{.rate = 1, .pattern = LoadPattern::spike, .arrivals = ArrivalKind::constant, .duration_s = 10};
  expect_near(first_arrivals(shape, 15),
              {0, 1, 2, 3, 4, 4 + 1.0 / 3, 4 + 2.0 / 3, 5, 5 + 1.0 / 3, 5 + 2.0 / 3, 6, 7, 8, 9, 10});
}

TEST(ArrivalTimes, a_pattern_without_duration_spans_its_requests) {
  LoadShape shape{.rate = 2, .pattern = LoadPattern::ramp, .arrivals = ArrivalKind::constant, .conversations_max = 50};
  EXPECT_NEAR(first_arrivals(shape, 51).back(), 50, 1e-12);
  shape.pattern = LoadPattern::spike;
  EXPECT_NEAR(first_arrivals(shape, 51).back(), 50 / 2.8, 1e-12);
}

TEST(ArrivalTimes, poisson_has_the_rate_and_the_spread_of_poisson) {
  constexpr int kCount = 100'000;
  const std::vector<double> times = first_arrivals({.rate = 8, .duration_s = 1}, kCount);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    const double gap = times[i] - (i == 0 ? 0 : times[i - 1]);
    ASSERT_GE(gap, 0);
    sum += gap;
    squares += gap * gap;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 0.125, 0.002);
  EXPECT_NEAR(std::sqrt(squares / kCount - mean * mean), 0.125, 0.003);  // exponential: as large as the mean
}

TEST(ArrivalTimes, poisson_follows_the_spike) {
  const std::vector<double> times =
      first_arrivals({.rate = 100, .pattern = LoadPattern::spike, .duration_s = 100}, 14'000);
  int before = 0, within = 0;
  for (const double time : times) {
    if (time < 40) ++before;
    if (time >= 40 && time < 60) ++within;
  }
  EXPECT_NEAR(before, 4000, 250);
  EXPECT_NEAR(within, 6000, 300);
}

TEST(ArrivalTimes, the_seed_decides) {
  const LoadShape a{.rate = 1, .duration_s = 1, .seed = 7};
  LoadShape b = a;
  b.seed = 8;
  EXPECT_EQ(first_arrivals(a, 20), first_arrivals(a, 20));
  EXPECT_NE(first_arrivals(a, 20), first_arrivals(b, 20));
  // Twice the rate is the same draw in half the time, so that points of a sweep are comparable.
  LoadShape faster = a;
  faster.rate = 2;
  EXPECT_DOUBLE_EQ(first_arrivals(faster, 20).back(), first_arrivals(a, 20).back() / 2);
}

TEST(LoadShape, users_over_time) {
  LoadShape shape{.users = 4, .duration_s = 100};
  EXPECT_EQ(users_at(shape, 50), 4);
  shape.pattern = LoadPattern::ramp;
  EXPECT_EQ(users_at(shape, 0), 1);
  EXPECT_EQ(users_at(shape, 24.9), 1);
  EXPECT_EQ(users_at(shape, 25), 2);
  EXPECT_EQ(users_at(shape, 75), 4);
  EXPECT_EQ(users_at(shape, 150), 4);
  shape.pattern = LoadPattern::spike;
  EXPECT_EQ(users_at(shape, 39.9), 4);
  EXPECT_EQ(users_at(shape, 40), 12);
  EXPECT_EQ(users_at(shape, 59.9), 12);
  EXPECT_EQ(users_at(shape, 60), 4);
}

TEST(LoadShape, labels) {
  EXPECT_EQ((LoadShape{.rate = 0.8}).label(), "0.8 req/s");
  EXPECT_EQ((LoadShape{.users = 16}).label(), "16 users");
  EXPECT_EQ((LoadShape{.users = 1}).label(), "1 user");
  EXPECT_EQ((LoadShape{.arrivals = ArrivalKind::trace, .trace_speed = 2}).label(), "trace x2");
}

TEST(LoadShape, refuses_what_cannot_be_run) {
  EXPECT_THROW(check_load_shape({.rate = 1}), Error);
  EXPECT_THROW(check_load_shape({.duration_s = 1}), Error);
  EXPECT_THROW(check_load_shape({.users = 2, .pattern = LoadPattern::ramp, .conversations_max = 5}), Error);
  EXPECT_THROW(check_load_shape({.pattern = LoadPattern::spike, .arrivals = ArrivalKind::trace, .duration_s = 5}),
               Error);
  check_load_shape({.rate = 1, .pattern = LoadPattern::ramp, .conversations_max = 5});
  EXPECT_THROW(parse_load_pattern("mixed"), Error);
  EXPECT_THROW(parse_arrival_kind(""), Error);
}

}  // namespace
}  // namespace estoc
