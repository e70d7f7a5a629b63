// Threads for what takes long before a request can be queued: JSON, templates and tokens of long bodies.
//
// Why: an I/O thread writes everybody's tokens, so it must not read somebody's book. The threads give way to compute
// threads (base/background.h); their number bounds the memory that reading takes, and the queue is bounded, because
// whoever cannot be read soon is better told to come back.
// Ownership: owns its threads; what is handed over owns what it needs.
// Threads: hand_over from any; stop from any but its own. Errors: what work throws is logged, and the next goes on.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace estoc {

class TextPool {
 public:
  // Up to `queue_max` pieces of work wait.
  TextPool(int threads, size_t queue_max);
  ~TextPool();  // stops

  // In the order of the calls. False when the queue is full or the pool has stopped.
  bool hand_over(std::function<void()> work);
  // Waits for what is running and drops what waits. Repeating it does nothing.
  void stop();

 private:
  void run();

  const size_t queue_max_;
  Mutex mutex_;
  Condition wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;  // joined by the one call of stop() that stops
};

}  // namespace estoc
