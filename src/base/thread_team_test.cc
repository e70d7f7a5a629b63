#include "base/thread_team.h"

#include <gtest/gtest.h>

#include <chrono>

namespace estoc {
namespace {

TEST(ThreadTeam, EveryThreadWorksOncePerRun) {
  ThreadTeam team(4);
  std::vector<int> calls(4, 0);
  for (int round = 0; round < 2000; ++round) {
    team.run([&](int thread) { ++calls[static_cast<size_t>(thread)]; });
    if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // let them fall asleep
  }
  for (const int count : calls) EXPECT_EQ(count, 2000);
}

TEST(ThreadTeam, ParallelForCoversTheRangeOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    for (const int64_t count : {0, 1, 15, 16, 17, 100, 1000}) {
      std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
      team.parallel_for(count, 16, [&](int64_t begin, int64_t end, int) {
        EXPECT_EQ(begin % 16, 0);
        for (int64_t i = begin; i < end; ++i) ++hits[static_cast<size_t>(i)];
      });
      for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1);
    }
  }
}

TEST(ThreadTeam, ItemsAreHandedOutOnce) {
  ThreadTeam team(3);
  std::vector<std::atomic<int>> hits(777);
  team.parallel_items(777, [&](int64_t item, int) { ++hits[static_cast<size_t>(item)]; });
  for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
}

TEST(ThreadTeam, DefaultCountIsPositive) { EXPECT_GE(default_thread_count(), 1); }

}  // namespace
}  // namespace estoc
