#include "base/thread_team.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "base/cpus.h"

namespace estoc {

struct ThreadTeamWindow {
  // What the only worker of a team does if it wakes by itself just when the caller has seen it asleep and has not
  // woken it yet: its share, and then it goes to sleep again.
  static void let_the_worker_pass(ThreadTeam& team) {
    team.before_wake_ = nullptr;
    const uint32_t epoch = team.epoch_.load();
    while (team.shares_[1].finished.load() != epoch) {
      ::syscall(SYS_futex, &team.epoch_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  static void stop_the_caller(ThreadTeam& team) { team.before_wake_ = let_the_worker_pass; }
};

namespace {

using Clock = std::chrono::steady_clock;

// About 20 µs of one core.
void compute() {
  uint64_t x = 1;
  for (int i = 0; i < 15000; ++i) {
    x *= 3;
    asm volatile("" : "+r"(x));
  }
}

// Fork–joins a second.
double run_rate(ThreadTeam& team, std::chrono::milliseconds time) {
  const auto start = Clock::now();
  int runs = 0;
  for (; Clock::now() - start < time; ++runs) team.run([](int) { compute(); });
  return runs / std::chrono::duration<double>(Clock::now() - start).count();
}

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

TEST(ThreadTeam, ChunksCoverTheRangeOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    for (const int64_t count : {0, 1, 15, 16, 17, 100, 1000, 4001}) {
      for (const int chunks : {1, 4, 100}) {
        std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
        team.parallel_chunks(count, 16, chunks, [&](int64_t begin, int64_t end, int thread) {
          EXPECT_EQ(begin % 16, 0);
          EXPECT_LT(begin, end);
          EXPECT_LT(thread, threads);
          for (int64_t i = begin; i < end; ++i) ++hits[static_cast<size_t>(i)];
        });
        for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1);
      }
    }
  }
}

// The first chunk to be worked on holds its thread until all others are done: they are, whoever they belonged to.
TEST(ThreadTeam, ChunksOfAThreadThatStandsStillAreTakenByOthers) {
  ThreadTeam team(3);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> left{29};
    std::atomic<bool> is_first{true};
    bool was_helped = true;
    team.parallel_chunks(30, 1, 10, [&](int64_t, int64_t, int) {
      if (!is_first.exchange(false)) {
        --left;
        return;
      }
      const auto start = Clock::now();
      while (left > 0 && was_helped) {
        was_helped = Clock::now() - start < std::chrono::seconds(20);
        std::this_thread::yield();
      }
    });
    ASSERT_TRUE(was_helped);
  }
}

TEST(ThreadTeam, TheCallerDoesTheSharesOfWorkersThatSleep) {
  ThreadTeam team(4);
  std::set<std::thread::id> workers;
  std::mutex mutex;
  for (int round = 0; round < 20; ++round) {
    std::vector<int> calls(4, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
    team.run([&](int thread) { ++calls[static_cast<size_t>(thread)]; });
    EXPECT_EQ(calls, std::vector<int>(4, 1));
    team.run([&](int) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::lock_guard lock(mutex);
      workers.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(workers.size(), 4u);  // and they do wake up
}

// A wake-up that is lost is lost for ever on a team of two: the caller would do both shares from then on.
TEST(ThreadTeam, AWorkerThatFellAsleepWhileTheCallerWokeItIsWokenAgain) {
  ThreadTeam team(2);
  const auto fall_asleep = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  fall_asleep();
  ThreadTeamWindow::stop_the_caller(team);
  team.run([](int) {});
  std::set<std::thread::id> workers;
  std::mutex mutex;
  for (int round = 0; round < 50 && workers.size() < 2; ++round) {
    fall_asleep();
    team.run([&](int) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const std::lock_guard lock(mutex);
      workers.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(workers.size(), 2u);
}

// Two teams, each as wide as the machine. Waiting for workers that have no CPU leaves each with an eighth; how much it
// is depends on who else is there, so the middle of some rounds counts.
TEST(ThreadTeam, TwoTeamsAtOnceShareTheMachine) {
  const int threads = std::max(2, default_thread_count());
  ThreadTeam first(threads), second(threads);
  std::vector<double> ratios;
  for (int round = 0; round < 9; ++round) {
    const std::chrono::milliseconds time(60);
    const double alone = std::min(run_rate(first, time), run_rate(second, time));
    double rates[2];
    std::thread other([&] { rates[1] = run_rate(second, 2 * time); });
    rates[0] = run_rate(first, 2 * time);
    other.join();
    ratios.push_back(std::min(rates[0], rates[1]) / alone);
  }
  std::sort(ratios.begin(), ratios.end());
  EXPECT_GT(ratios[4], 0.25);
}

// Much more threads than CPUs: each job costs what its shares cost, one after another in the worst case.
TEST(ThreadTeam, ATeamLargerThanTheMachineIsNotStuck) {
  const int threads = 8 * static_cast<int>(usable_cpus().cpus.size());
  ThreadTeam wide(threads), narrow(1);
  double best = 0;
  for (int round = 0; round < 20 && best < 0.5; ++round) {
    const std::chrono::milliseconds time(50);
    best = std::max(best, run_rate(wide, time) * threads / run_rate(narrow, time));
  }
  EXPECT_GT(best, 0.3);
}

TEST(ThreadTeam, PinnedThreadsStayOnCpusOfTheirOwn) {
  if (cpu_quota() > 0) GTEST_SKIP() << "teams beyond the CPU quota are not pinned";
  const std::vector<int> usable = usable_cpus().cpus;
  ThreadTeam team(static_cast<int>(usable.size()), Pinning::cores);
  std::map<std::thread::id, std::set<int>> cpus;
  std::mutex mutex;
  std::thread caller([&] {
    team.pin_caller();
    for (int round = 0; round < 20; ++round) {
      team.run([&](int) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const std::lock_guard lock(mutex);
        cpus[std::this_thread::get_id()].insert(::sched_getcpu());
      });
    }
  });
  caller.join();
  std::set<int> all;
  for (const auto& [thread, of_thread] : cpus) {
    EXPECT_EQ(of_thread.size(), 1u);
    all.insert(of_thread.begin(), of_thread.end());
  }
  EXPECT_EQ(all.size(), usable.size());
  EXPECT_EQ(usable_cpus().cpus, usable);  // the thread that made the team is not pinned
}

TEST(ThreadTeam, PinnedTeamsLieBesideEachOther) {
  const std::vector<int> usable = usable_cpus().cpus;
  if (cpu_quota() > 0 || usable.size() < 2) GTEST_SKIP() << "there is no second CPU to pin to";
  for (int cpu = 0; cpu < 2; ++cpu) {
    const ThreadTeam team(1, Pinning::cores, cpu);
    std::thread caller([&] {
      team.pin_caller();
      EXPECT_EQ(usable_cpus().cpus, std::vector<int>{usable[static_cast<size_t>(cpu)]});
    });
    caller.join();
  }
  const ThreadTeam beyond(1, Pinning::cores, static_cast<int>(usable.size()));
  std::thread caller([&] {
    beyond.pin_caller();
    EXPECT_EQ(usable_cpus().cpus, usable);  // it has no CPU of its own
  });
  caller.join();
}

}  // namespace
}  // namespace estoc
