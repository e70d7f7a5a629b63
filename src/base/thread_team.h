// A fixed team of compute threads: fork–join over cores, with the caller as thread 0.
//
// What: run(work) calls work(thread) once on every thread and returns when all are done. Workers spin for a moment
// after a job, because the next one usually follows within microseconds, then sleep; a sleeping team costs nothing.
// Ownership: the caller owns the team; its threads end with it. `work` is borrowed for the call.
// Threads: one thread at a time may call run. Jobs must not throw and must not call run again.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace estoc {

class ThreadTeam {
 public:
  // `threads` counts the caller; at least 1.
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int thread_count() const { return thread_count_; }

  template <typename Work>
  void run(Work&& work) {
    using Callable = std::remove_reference_t<Work>;
    run_job([](void* context, int thread) { (*static_cast<Callable*>(context))(thread); },
            const_cast<void*>(static_cast<const void*>(&work)));
  }

  // Splits [0, count) into one contiguous range a thread, cut at multiples of `step`: work(begin, end, thread).
  template <typename Work>
  void parallel_for(int64_t count, int64_t step, Work&& work) {
    const int64_t steps = (count + step - 1) / step;
    if (thread_count_ == 1 || steps <= 1) {
      if (count > 0) work(int64_t{0}, count, 0);
      return;
    }
    run([&](int thread) {
      const int64_t begin = std::min(count, steps * thread / thread_count_ * step);
      const int64_t end = std::min(count, steps * (thread + 1) / thread_count_ * step);
      if (begin < end) work(begin, end, thread);
    });
  }

  // Hands the items 0..count-1 out one by one to whichever thread is free: work(item, thread).
  template <typename Work>
  void parallel_items(int64_t count, Work&& work) {
    if (thread_count_ == 1 || count <= 1) {
      for (int64_t item = 0; item < count; ++item) work(item, 0);
      return;
    }
    std::atomic<int64_t> next{0};
    run([&](int thread) {
      for (int64_t item = next.fetch_add(1); item < count; item = next.fetch_add(1)) work(item, thread);
    });
  }

 private:
  using Job = void (*)(void* context, int thread);
  void run_job(Job job, void* context);
  void work_loop(int thread);
  uint32_t wait_for_job(uint32_t seen);

  int thread_count_;
  std::vector<std::thread> workers_;
  // Written by the caller before the epoch moves, read by workers after.
  Job job_ = nullptr;
  void* context_ = nullptr;
  // Own synchronization.
  alignas(64) std::atomic<uint32_t> epoch_{0};
  alignas(64) std::atomic<int32_t> unfinished_{0};
  alignas(64) std::atomic<int32_t> sleepers_{0};
  std::atomic<bool> is_stopping_{false};
};

// Threads to use when the user names none: the CPUs this process may run on, bounded by the cgroup's CPU quota.
int default_thread_count();

}  // namespace estoc
