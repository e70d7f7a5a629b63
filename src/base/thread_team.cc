#include "base/thread_team.h"

#include <sched.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <string>

#include "base/check.h"

namespace estoc {
namespace {

// Long enough to bridge the gap between two ops of a step, short enough not to burn a core that others need.
constexpr std::chrono::microseconds kSpinTime{50};

inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// Spins until `is_ready` or the spin time is over; true when ready.
template <typename Ready>
bool spin_until(Ready&& is_ready) {
  for (int round = 0; round < 16; ++round) {
    if (is_ready()) return true;
    cpu_relax();
  }
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int round = 0; round < 16; ++round) {
      if (is_ready()) return true;
      cpu_relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

}  // namespace

ThreadTeam::ThreadTeam(int threads) : thread_count_(std::max(1, threads)) {
  for (int thread = 1; thread < thread_count_; ++thread) workers_.emplace_back([this, thread] { work_loop(thread); });
}

ThreadTeam::~ThreadTeam() {
  is_stopping_ = true;
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::run_job(Job job, void* context) {
  if (thread_count_ == 1) {
    job(context, 0);
    return;
  }
  job_ = job;
  context_ = context;
  unfinished_.store(thread_count_ - 1);
  epoch_.fetch_add(1);
  // Sequentially consistent on both sides: either this sees the sleeper, or the sleeper sees the new epoch.
  if (sleepers_.load() > 0) epoch_.notify_all();
  job(context, 0);
  if (spin_until([&] { return unfinished_.load() == 0; })) return;
  for (int32_t left = unfinished_.load(); left != 0; left = unfinished_.load()) unfinished_.wait(left);
}

uint32_t ThreadTeam::wait_for_job(uint32_t seen) {
  if (!spin_until([&] { return epoch_.load() != seen; })) {
    sleepers_.fetch_add(1);
    while (epoch_.load() == seen) epoch_.wait(seen);
    sleepers_.fetch_sub(1);
  }
  return epoch_.load();
}

void ThreadTeam::work_loop(int thread) {
  for (uint32_t seen = 0;;) {
    seen = wait_for_job(seen);
    if (is_stopping_) return;
    job_(context_, thread);
    if (unfinished_.fetch_sub(1) == 1) unfinished_.notify_one();
  }
}

int default_thread_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int count = ::sched_getaffinity(0, sizeof(allowed), &allowed) == 0
                  ? CPU_COUNT(&allowed)
                  : static_cast<int>(std::thread::hardware_concurrency());
  // cgroup v2: "max 100000" or "<quota> <period>" in microseconds.
  std::ifstream limit("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (limit >> quota >> period && quota != "max" && period > 0) {
    count = std::min(count, static_cast<int>(std::ceil(std::stod(quota) / period)));
  }
  return std::max(1, count);
}

}  // namespace estoc
