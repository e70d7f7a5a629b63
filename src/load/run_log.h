// What a run has seen so far: its records, and the counts that people watch.
// Ownership: the run's. Threads: any; one lock inside. Errors: none.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "load/results.h"

namespace estoc {

struct RunCounts {
  double time_s = 0;
  int sent = 0, running = 0, done = 0, refused = 0, failed = 0;
  double ttft_p50_s = -1;  // of the latest answers; -1: none yet
};

class RunLog {
 public:
  void add_sent();
  void add(RequestRecord record);

  RunCounts counts() const;  // time_s is left to the caller
  std::vector<RequestRecord> records() const;

 private:
  mutable Mutex mutex_;
  RunCounts counts_ GUARDED_BY(mutex_);
  std::vector<RequestRecord> records_ GUARDED_BY(mutex_);
  std::deque<double> latest_ttft_s_ GUARDED_BY(mutex_);
};

// "12 s, sent 10, running 2, done 8, refused 0, failed 0, TTFT p50 0.45 s".
std::string progress_text(const RunCounts& counts);

}  // namespace estoc
