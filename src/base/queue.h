// A bounded queue between threads: many producers, one consumer or more.
//
// Threads: every method from any thread. A full queue is an outcome, not an error: push returns false.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace estoc {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // False when the queue is full or closed; `item` is then untouched.
  [[nodiscard]] bool push(T&& item) {
    {
      const std::lock_guard lock(mutex_);
      if (is_closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
    return true;
  }

  // Everything that is queued now, oldest first; empty when there is nothing.
  std::vector<T> take_all() {
    const std::lock_guard lock(mutex_);
    std::vector<T> taken(std::make_move_iterator(items_.begin()), std::make_move_iterator(items_.end()));
    items_.clear();
    return taken;
  }

  // Waits until something is queued, the queue is closed, wake() is called or the time is over.
  void wait_for(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, timeout, [&] { return !items_.empty() || is_closed_ || is_woken_; });
    is_woken_ = false;
  }

  void wake() {
    {
      const std::lock_guard lock(mutex_);
      is_woken_ = true;
    }
    filled_.notify_all();
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    filled_.notify_all();
  }

  size_t count() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  // Protected by mutex_.
  std::deque<T> items_;
  bool is_closed_ = false;
  bool is_woken_ = false;
};

}  // namespace estoc
