// std::mutex, its lock and its condition variable, known to clang's thread safety analysis.
//
// What: the standard ones with annotations; nothing else is added. Predicates of waits read what the mutex guards:
// write [this]() REQUIRES(mutex_) { ... }.
// Ownership: a lock borrows its mutex. Threads: as the standard's. Errors: as the standard's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/thread_annotations.h"

namespace estoc {

class CAPABILITY("mutex") Mutex {
 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a mutex while it lives, but between unlock() and lock().
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() RELEASE() {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() RELEASE() { lock_.unlock(); }
  void lock() ACQUIRE() { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

class Condition {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  template <typename Predicate>
  void wait(MutexLock& lock, Predicate&& is_met) {
    condition_.wait(lock.lock_, std::forward<Predicate>(is_met));
  }
  // False when the time is over and it is not met.
  template <typename Rep, typename Period, typename Predicate>
  bool wait_for(MutexLock& lock, std::chrono::duration<Rep, Period> time, Predicate&& is_met) {
    return condition_.wait_for(lock.lock_, time, std::forward<Predicate>(is_met));
  }

 private:
  std::condition_variable condition_;
};

}  // namespace estoc
