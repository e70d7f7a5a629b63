// Holds a thread at a point until a test lets it go on.
#pragma once

#include <condition_variable>
#include <mutex>

namespace estoc {

class TestGate {
 public:
  // Says that somebody is here, and waits until it is open; who comes later passes.
  void pass() {
    std::unique_lock lock(mutex_);
    is_reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_until_reached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_reached_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_reached_ = false, is_open_ = false;
};

}  // namespace estoc
