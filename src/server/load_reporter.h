// One line of the log every few seconds while an engine is under load.
//
// Ownership: owns a thread that sleeps; the engine must outlive it. Threads: made and destroyed by one thread.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "engine/engine.h"

namespace estoc {

// What happened between two looks at an engine; empty when nothing did.
std::string describe_load(const EngineStats& before, const EngineStats& now, double seconds);

class LoadReporter {
 public:
  explicit LoadReporter(const Engine& engine, std::chrono::milliseconds interval = std::chrono::seconds(5));
  ~LoadReporter();

 private:
  void run();

  const Engine& engine_;
  const std::chrono::milliseconds interval_;
  Mutex mutex_;
  Condition wake_;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace estoc
