// One line of the log every few seconds for each model that is under load.
//
// Ownership: owns a thread that sleeps; the models and their generators must outlive it.
// Threads: made and destroyed by one thread.
#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "api/served_model.h"
#include "base/mutex.h"
#include "engine/engine.h"

namespace estoc {

// What happened between two looks at an engine; empty when nothing did.
std::string describe_load(const EngineStats& before, const EngineStats& now, double seconds);
// The same of an encoder's.
std::string describe_text_load(const EngineStats& before, const EngineStats& now, double seconds);

// The same of each model that something happened to: of several with its name in front.
std::vector<std::string> describe_loads(const api::Models& models, const std::vector<EngineStats>& before,
                                        const std::vector<EngineStats>& now, double seconds);

class LoadReporter {
 public:
  explicit LoadReporter(const api::Models& models, std::chrono::milliseconds interval = std::chrono::seconds(5));
  ~LoadReporter();

 private:
  void run();

  const api::Models& models_;
  const std::chrono::milliseconds interval_;
  Mutex mutex_;
  Condition wake_;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace estoc
