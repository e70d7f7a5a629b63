// What one I/O thread spends on long bodies, and on the rest of those it refused: about a tenth of a CPU.
//
// Why: that thread gets its time from the CPUs that compute everybody's tokens, and loopback or a fast network brings
// bodies as quickly as they are read. Whoever sends them waits instead, by the flow control of TCP; 32 MiB still take
// only a fraction of a second.
// Internal to http/.
// Ownership: the worker's; gone before its loop stops. Threads: the loop's only. What a read throws is logged.
#pragma once

#include <deque>
#include <functional>

#include "http/event_loop.h"

namespace estoc::http {

class BulkPace {
 public:
  explicit BulkPace(EventLoop& loop) : timer_(loop) {}

  // Calls `read` now or in its turn, in the order of the calls.
  void take_turn(std::function<void()> read);

 private:
  using Clock = EventLoop::Clock;

  void run(const std::function<void()>& read);
  void run_waiting();

  LoopTimer timer_;
  std::deque<std::function<void()>> waiting_;
  bool is_pausing_ = false;
  Clock::time_point paid_at_;  // when what was spent will have been a tenth of the time
};

}  // namespace estoc::http
