// One load on one server: begins conversations as the shape says and records every request.
//
// Ownership: the caller owns the run, the run everything else. Threads: one of its own, on which everything happens;
// the methods may be called from any one other. Errors: the constructor throws Error{invalid_argument, io}.
#pragma once

#include <chrono>
#include <memory>

#include "load/completion_request.h"
#include "load/load_shape.h"
#include "load/results.h"
#include "load/run_log.h"
#include "load/target.h"
#include "load/workload.h"

namespace estoc {

class LoadRun {
 public:
  // Begins at once. The target's address must have been found.
  LoadRun(const Target& target, const RequestOptions& options, const LoadShape& shape,
          std::unique_ptr<Workload> workload);
  ~LoadRun();  // stops

  // True when nothing runs and nothing will.
  bool wait_for(std::chrono::milliseconds timeout);
  // Ends the run now: what is still running is cut off and leaves no record.
  void stop();

  RunCounts counts() const;
  // What was recorded until now.
  LoadPoint point() const;

 private:
  class Driver;
  std::unique_ptr<Driver> driver_;
};

}  // namespace estoc
