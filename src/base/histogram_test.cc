#include "base/histogram.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

constexpr double kBounds[] = {1, 2, 4};

TEST(Histogram, CountsByUpperBound) {
  Histogram histogram(kBounds);
  for (const double value : {0.5, 1.0, 1.5, 4.0, 9.0}) histogram.add(value);
  EXPECT_EQ(std::vector<uint64_t>(histogram.counts().begin(), histogram.counts().end()),
            (std::vector<uint64_t>{2, 1, 1, 1}));
  EXPECT_EQ(histogram.count(), 5u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 16.0);
}

TEST(Histogram, QuantilesAreInterpolated) {
  Histogram histogram(kBounds);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  histogram.add(1.5, 10);
  EXPECT_DOUBLE_EQ(histogram.quantile(0.5), 1.5);
  EXPECT_DOUBLE_EQ(histogram.quantile(1.0), 2.0);
  histogram.add(100, 90);
  EXPECT_DOUBLE_EQ(histogram.quantile(0.99), 4.0);
}

TEST(Histogram, TellsWhatWasAddedSince) {
  Histogram histogram(kBounds);
  histogram.add(1.5, 3);
  const Histogram earlier = histogram;
  histogram.add(3, 2);
  const Histogram since = histogram.since(earlier);
  EXPECT_EQ(since.count(), 2u);
  EXPECT_DOUBLE_EQ(since.sum(), 6);
  EXPECT_DOUBLE_EQ(since.quantile(0.5), 3);
  EXPECT_EQ(histogram.since(Histogram()).count(), 5u);
}

TEST(Histogram, WithoutBoundsCountsNothing) {
  Histogram histogram;
  histogram.add(1);
  EXPECT_EQ(histogram.count(), 0u);
}

}  // namespace
}  // namespace estoc
