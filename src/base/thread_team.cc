#include "base/thread_team.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>

#include "base/cpus.h"

namespace estoc {
namespace {

// The longest spin bridges the gap between two ops of a step. Where CPUs are shared, a wait is often for a thread that
// has no CPU, and spinning takes it from just that thread: each spin in vain halves the next one, each that was worth
// it adds a little.
constexpr int64_t kSpinMaxNs = 50'000, kSpinMinNs = 2'000, kSpinGrowthNs = 10'000;

// No system call: who spins is waiting for something that is nearly there. On ARM `yield` does nothing on most cores,
// and `isb` takes about as long as x86's pause.
inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
  asm volatile("" ::: "memory");
#endif
}

// Sleeps while `word` is `value`; may return early.
void futex_wait(std::atomic<uint32_t>& word, uint32_t value) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word, int count) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

// A thread that may not be pinned (its mask has changed since) runs unpinned.
void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof(set), &set);
}

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// A team larger than the machine, with the teams before it, does not spin: whoever is waited for may need the waiter's
// CPU.
ThreadTeam::ThreadTeam(int threads, Pinning pinning, int first_cpu)
    : thread_count_(std::max(1, threads)),
      shares_(static_cast<size_t>(thread_count_)),
      cursors_(static_cast<size_t>(thread_count_)) {
  const std::vector<int> cpus = usable_cpus().cpus;
  const double quota = cpu_quota();
  const int last = first_cpu + thread_count_;
  const bool fits = static_cast<size_t>(last) <= cpus.size() && (quota == 0 || last <= quota);
  spin_max_ns_ = fits ? kSpinMaxNs : 0;
  caller_spin_ns_ = spin_max_ns_;
  if (pinning == Pinning::cores && fits) cpus_.assign(cpus.begin() + first_cpu, cpus.begin() + last);
  for (int thread = 1; thread < thread_count_; ++thread) workers_.emplace_back([this, thread] { work_loop(thread); });
}

ThreadTeam::~ThreadTeam() {
  is_stopping_ = true;
  epoch_.fetch_add(1);
  futex_wake(epoch_, INT_MAX);
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::pin_caller() const {
  if (!cpus_.empty()) pin_to(cpus_[0]);
}

// Spins until `is_ready` or the spin time is over; true when ready.
template <typename Ready>
bool ThreadTeam::spin_until(int64_t& spin_ns, Ready&& is_ready) const {
  constexpr int kChecks = 32;
  const auto is_soon_ready = [&] {
    for (int check = 0; check < kChecks; ++check) {
      if (is_ready()) return true;
      cpu_relax();
    }
    return false;
  };
  if (is_soon_ready()) {
    spin_ns = std::min(spin_max_ns_, spin_ns + kSpinGrowthNs);
    return true;
  }
  const int64_t deadline = now_ns() + spin_ns;
  while (now_ns() < deadline) {
    if (!is_soon_ready()) continue;
    spin_ns = std::min(spin_max_ns_, spin_ns + kSpinGrowthNs);
    return true;
  }
  spin_ns = std::min(spin_max_ns_, std::max(kSpinMinNs, spin_ns / 2));
  return false;
}

// Every share is begun once an epoch, so a share that nobody has begun yet stands at the epoch before.
bool ThreadTeam::begin_share(int thread, uint32_t epoch) {
  uint32_t before = epoch - 1;
  return shares_[static_cast<size_t>(thread)].begun.compare_exchange_strong(before, epoch);
}

void ThreadTeam::run_job(Job job, void* context) {
  if (thread_count_ == 1) {
    job(context, 0);
    return;
  }
  job_ = job;
  context_ = context;
  const uint32_t epoch = epoch_.load(std::memory_order_relaxed) + 1;
  epoch_.store(epoch);
  // Sequentially consistent on both sides: either this sees the sleeper, or the sleeper sees the new epoch. Who has
  // been woken and has no CPU yet is woken again, which costs a system call; taking it off the list here could take off
  // one that has come back meanwhile to sleep.
  if (sleepers_.load() > 0) {
    if (before_wake_ != nullptr) before_wake_(*this);
    futex_wake(epoch_, INT_MAX);
  }
  job(context, 0);
  bool is_waiting = false;
  for (int thread = 1; thread < thread_count_; ++thread) {
    Share& share = shares_[static_cast<size_t>(thread)];
    if (begin_share(thread, epoch)) {
      job(context, thread);
      share.finished.store(epoch, std::memory_order_relaxed);
    } else {
      is_waiting = true;
    }
  }
  if (!is_waiting) return;
  for (int thread = 1; thread < thread_count_; ++thread) wait_for_share(shares_[static_cast<size_t>(thread)], epoch);
}

void ThreadTeam::wait_for_share(Share& share, uint32_t epoch) {
  if (spin_until(caller_spin_ns_, [&] { return share.finished.load(std::memory_order_acquire) == epoch; })) return;
  is_caller_asleep_.store(true);
  while (share.finished.load() != epoch) futex_wait(share.finished, epoch - 1);
  is_caller_asleep_.store(false, std::memory_order_relaxed);
}

uint32_t ThreadTeam::wait_for_job(uint32_t seen, int64_t& spin_ns) {
  if (!spin_until(spin_ns, [&] { return epoch_.load(std::memory_order_acquire) != seen; })) {
    sleepers_.fetch_add(1);
    while (epoch_.load() == seen) futex_wait(epoch_, seen);
    sleepers_.fetch_sub(1);
  }
  return epoch_.load();
}

void ThreadTeam::work_loop(int thread) {
  if (!cpus_.empty()) pin_to(cpus_[static_cast<size_t>(thread)]);
  Share& share = shares_[static_cast<size_t>(thread)];
  int64_t spin_ns = spin_max_ns_;
  for (uint32_t seen = 0;;) {
    seen = wait_for_job(seen, spin_ns);
    if (is_stopping_) return;
    if (!begin_share(thread, seen)) continue;
    job_(context_, thread);
    share.finished.store(seen);
    if (is_caller_asleep_.load()) futex_wake(share.finished, 1);
  }
}

}  // namespace estoc
