#include "gpu/fibers.h"

#include <gtest/gtest.h>

#include <vector>

namespace estoc::gpu::fibers {
namespace {

TEST(FibersTest, EveryFiberRunsOnceAndTheSeedChoosesTheOrder) {
  std::vector<int> in_order, shuffled, again;
  run_block(64, 0, [&] { in_order.push_back(thread_index()); });
  run_block(64, 9, [&] { shuffled.push_back(thread_index()); });
  run_block(64, 9, [&] { again.push_back(thread_index()); });
  for (int i = 0; i < 64; ++i) EXPECT_EQ(in_order[i], i);
  EXPECT_NE(shuffled, in_order);
  EXPECT_EQ(shuffled, again);
}

TEST(FibersTest, ABarrierIsPassedTogether) {
  int before = 0, wrong = 0;
  const Outcome outcome = run_block(96, 3, [&] {
    for (int round = 1; round <= 4; ++round) {
      ++before;
      block_barrier();
      wrong += before != 96 * round;
      block_barrier();
    }
  });
  EXPECT_TRUE(outcome.is_done);
  EXPECT_EQ(wrong, 0);
}

TEST(FibersTest, ThoseThatEndedAreNotWaitedFor) {
  int after = 0;
  const Outcome outcome = run_block(64, 0, [&] {
    if (thread_index() >= 32) return;
    block_barrier();
    ++after;
  });
  EXPECT_TRUE(outcome.is_done);
  EXPECT_EQ(after, 32);
}

TEST(FibersTest, AWarpWaitsForItsOwn) {
  const Outcome outcome = run_block(64, 0, [&] {
    if (thread_index() < 32) warp_barrier();
  });
  EXPECT_TRUE(outcome.is_done);
}

TEST(FibersTest, WaitingForEachOtherIsFound) {
  const Outcome outcome = run_block(64, 0, [&] {
    if (thread_index() < 40) {
      block_barrier();
    } else {
      named_barrier(2, 64);
    }
  });
  EXPECT_FALSE(outcome.is_done);
  EXPECT_EQ(outcome.fault, "the threads of a block wait for each other: 40 of 64 are at its barrier");
}

TEST(FibersTest, AFaultNamesTheThread) {
  const Outcome outcome = run_block(32, 0, [&] {
    if (thread_index() == 5) fault("no");
  });
  EXPECT_EQ(outcome.fault, "thread 5: no");
}

}  // namespace
}  // namespace estoc::gpu::fibers
