// A fixed team of compute threads: fork–join over cores, with the caller as thread 0.
//
// What: run(work) calls work(thread) once for every thread and returns when all are done. Workers spin for a moment
// after a job, because the next one usually follows within microseconds, then sleep; a sleeping team costs nothing.
// A share whose worker has not begun it when the caller is done with its own is done by the caller: a worker that
// sleeps, or whose CPU somebody else has taken, delays nobody.
// Ownership: the caller owns the team; its threads end with it. `work` is borrowed for the call.
// Threads: one thread at a time may call run. Jobs must not throw, must not call run again, and must not wait for
// another share of the same job, which may be run after them on the same thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace estoc {

enum class Pinning {
  none,
  cores,  // each thread on one CPU of the process's affinity mask, physical cores first: for a machine of one's own,
          // and where memory is nearer to some CPUs than to others. Beside another busy process it costs half the
          // speed.
};

class ThreadTeam {
 public:
  // `threads` counts the caller; at least 1. A pinned team takes the CPUs of usable_cpus() from `first_cpu` on: teams
  // that run beside each other are given different ones.
  explicit ThreadTeam(int threads, Pinning pinning = Pinning::none, int first_cpu = 0);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int thread_count() const { return thread_count_; }

  // Pins the calling thread as thread 0, when the team is pinned. For a thread that does little but run jobs, and that
  // starts no threads itself (they would inherit the one CPU).
  void pin_caller() const;

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

  // The ranges of parallel_for, each in about `chunks` pieces cut at multiples of `step`. A thread that is done with
  // its own range takes pieces of others': memory stays with the thread that touched it first, and a thread that
  // somebody slows down is helped. work(begin, end, thread); `thread` is who works, not whose range it is.
  template <typename Work>
  void parallel_chunks(int64_t count, int64_t step, int chunks, Work&& work) {
    const int64_t steps = (count + step - 1) / step;
    if (thread_count_ == 1 || steps <= 1) {
      if (count > 0) work(int64_t{0}, count, 0);
      return;
    }
    const int64_t piece = std::max<int64_t>(1, steps / (int64_t{thread_count_} * chunks));
    for (int range = 0; range < thread_count_; ++range) {
      cursors_[static_cast<size_t>(range)].next.store(steps * range / thread_count_, std::memory_order_relaxed);
    }
    run([&](int thread) {
      for (int i = 0; i < thread_count_; ++i) {
        const int range = (thread + i) % thread_count_;
        std::atomic<int64_t>& next = cursors_[static_cast<size_t>(range)].next;
        const int64_t last = steps * (range + 1) / thread_count_;
        while (next.load(std::memory_order_relaxed) < last) {
          const int64_t at = next.fetch_add(piece, std::memory_order_relaxed);
          if (at >= last) break;
          work(at * step, std::min(count, std::min(last, at + piece) * step), thread);
        }
      }
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
  friend struct ThreadTeamWindow;  // a test's way to stop the caller between two steps

  using Job = void (*)(void* context, int thread);
  // One thread's share of the current job. Numbers are epochs: the number of the last job it happened for.
  struct alignas(64) Share {
    std::atomic<uint32_t> begun{0};     // by its worker or by the caller, whoever was first
    std::atomic<uint32_t> finished{0};  // a futex
  };
  struct alignas(64) Cursor {
    std::atomic<int64_t> next{0};
  };

  void run_job(Job job, void* context);
  bool begin_share(int thread, uint32_t epoch);
  void wait_for_share(Share& share, uint32_t epoch);
  void work_loop(int thread);
  uint32_t wait_for_job(uint32_t seen, int64_t& spin_ns);
  template <typename Ready>
  bool spin_until(int64_t& spin_ns, Ready&& is_ready) const;

  const int thread_count_;
  std::vector<int> cpus_;        // of each thread; empty when not pinned
  int64_t spin_max_ns_ = 0;      // 0 where spinning never pays
  int64_t caller_spin_ns_ = 0;   // how long the caller's next spin may last
  std::vector<Share> shares_;    // [thread_count]
  std::vector<Cursor> cursors_;  // [thread_count]
  std::vector<std::thread> workers_;
  // Own synchronization. A job is announced by the next epoch; job_ and context_ are written before and stay until
  // every share is finished, so whoever has begun a share may read them.
  alignas(64) std::atomic<uint32_t> epoch_{0};  // a futex
  Job job_ = nullptr;
  void* context_ = nullptr;
  std::atomic<bool> is_stopping_{false};
  alignas(64) std::atomic<int32_t> sleepers_{0};  // workers that sleep or are about to; each counts itself
  void (*before_wake_)(ThreadTeam& team) = nullptr;
  std::atomic<bool> is_caller_asleep_{false};
};

}  // namespace estoc
