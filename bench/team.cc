// Times the thread team: an empty fork-join, and the rate of a decode-like loop alone and beside a second process that
// runs the same loop on the same CPUs.
// cmake --build build/release --target bench_team && build/release/bench_team [threads] [pin: 0 or 1]
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <vector>

#include "base/cpus.h"
#include "base/thread_team.h"

namespace {

using estoc::Pinning;
using estoc::ThreadTeam;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A chain of dependent multiplications: about 4 cycles a round whatever else the core does.
void compute(int rounds) {
  uint64_t x = 1;
  for (int i = 0; i < rounds; ++i) {
    x *= 3;
    asm volatile("" : "+r"(x));
  }
}

// One token of a small model: fork-joins of some 40 µs a thread with a little serial work between them.
void decode_step(ThreadTeam& team) {
  for (int i = 0; i < 100; ++i) {
    team.run([](int) { compute(30000); });
    compute(1000);
  }
}

// Steps a second, measured over `seconds` after both sides of `start` have arrived.
double step_rate(int threads, Pinning pinning, double seconds, std::atomic<int>* arrived, int wanted) {
  ThreadTeam team(threads, pinning);
  team.pin_caller();
  decode_step(team);
  arrived->fetch_add(1);
  while (arrived->load() < wanted) ::usleep(100);
  int steps = 0;
  const auto start = Clock::now();
  for (; seconds_since(start) < seconds; ++steps) decode_step(team);
  return steps / seconds_since(start);
}

struct Shared {
  std::atomic<int> arrived{0};
  double rates[2] = {};
};

std::vector<double> rates_of(int processes, int threads, Pinning pinning, double seconds) {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* shared = new (memory) Shared;
  for (int p = 0; p < processes; ++p) {
    if (::fork() == 0) {
      shared->rates[p] = step_rate(threads, pinning, seconds, &shared->arrived, processes);
      ::_exit(0);
    }
  }
  while (::wait(nullptr) > 0) {
  }
  std::vector<double> rates(shared->rates, shared->rates + processes);
  ::munmap(memory, sizeof(Shared));
  return rates;
}

// What a fork-join costs beyond the `rounds` of work that each thread does in it.
double fork_join_ns(int threads, Pinning pinning, int rounds) {
  ThreadTeam team(threads, pinning);
  double best = 1e9, work = 1e9;
  for (int round = 0; round < 20; ++round) {
    constexpr int kRuns = 10000;
    const auto start = Clock::now();
    for (int i = 0; i < kRuns; ++i) team.run([&](int) { compute(rounds); });
    best = std::min(best, seconds_since(start) / kRuns * 1e9);
    const auto alone = Clock::now();
    for (int i = 0; i < kRuns; ++i) compute(rounds);
    work = std::min(work, seconds_since(alone) / kRuns * 1e9);
  }
  return best - work;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : estoc::default_thread_count();
  const Pinning pinning = argc > 2 && std::atoi(argv[2]) != 0 ? Pinning::cores : Pinning::none;
  for (const int rounds : {0, 500, 2000}) {
    fmt::print("fork-join of {} threads around {} rounds of work: {:.0f} ns\n", threads, rounds,
               fork_join_ns(threads, pinning, rounds));
  }
  for (int round = 0; round < 3; ++round) {
    const double solo = rates_of(1, threads, pinning, 1)[0];
    const auto both = rates_of(2, threads, pinning, 2);
    fmt::print("decode loop: alone {:.1f}/s, two at once {:.1f} and {:.1f}/s ({:.0f} % and {:.0f} %)\n", solo, both[0],
               both[1], 100 * both[0] / solo, 100 * both[1] / solo);
  }
}
