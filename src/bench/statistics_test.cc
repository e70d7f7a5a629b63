#include "bench/statistics.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(Statistics, OneSample) {
  const double one[] = {3.5};
  EXPECT_EQ(mean_of(one), 3.5);
  EXPECT_EQ(deviation_of(one), 0);
  EXPECT_EQ(median_of(one), 3.5);
}

TEST(Statistics, KnownValues) {
  const double samples[] = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean_of(samples), 5);
  EXPECT_NEAR(deviation_of(samples), 2.138089935, 1e-9);  // sqrt(32 / 7)
  EXPECT_DOUBLE_EQ(median_of(samples), 4.5);
}

TEST(Statistics, MedianIgnoresOrderAndOutliers) {
  const double samples[] = {1000, 2, 1};
  EXPECT_EQ(median_of(samples), 2);
}

}  // namespace
}  // namespace estoc
