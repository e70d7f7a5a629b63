// A sweep: every load on every server, server after server at each load.
//
// Threads: run_sweep blocks its caller; the watch is called on that thread. Errors: Error{invalid_argument, io}.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "load/completion_request.h"
#include "load/load_shape.h"
#include "load/results.h"
#include "load/target.h"
#include "load/workload.h"

namespace estoc {

struct SweepPlan {
  std::vector<Target> targets;
  std::vector<LoadShape> loads;
  RequestOptions request;  // an empty model: each server's first
  WorkloadOptions workload;
  int warmup = 0;      // requests before each point, of which nothing is kept
  double pause_s = 0;  // between points
};

struct SweepWatch {
  std::function<void(const std::string&)> progress;  // several times a second
  std::function<void(const LoadPoint&)> point_done;
  std::function<bool()> should_stop;  // asked several times a second; true ends the sweep
};

// One point for each load and server that was begun; after should_stop the last is what was measured of it. All
// servers get the same conversations at one load, and other ones at each load, so that no cache knows them.
std::vector<LoadPoint> run_sweep(SweepPlan plan, const SweepWatch& watch);

}  // namespace estoc
