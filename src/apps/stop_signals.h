// Ctrl-C and SIGTERM for a command that has something to finish.
//
// Until `defer` either ends the process at once, whatever it is doing: a thread that only waits for signals does it.
// After `defer` the first one is handed to `wait`, and a second one ends the process at once.
// Threads: made before any other thread, which it keeps from receiving the signals; `defer` and `wait` belong to the
// thread that made it. One in a process.
#pragma once

#include <chrono>
#include <memory>

namespace estoc {

class StopSignals {
 public:
  StopSignals();
  ~StopSignals();

  void defer();
  // The number of the first signal since defer(), or 0 when none has come in that time.
  int wait_for(std::chrono::milliseconds time);

 private:
  struct State;
  std::shared_ptr<State> state_;  // also the waiting thread's, which ends with the process
};

}  // namespace estoc
