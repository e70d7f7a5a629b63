// The last steps of an engine, for looking inside: what was planned, how long it was foreseen to take, how long it
// took. A ring of a fixed size that owns its records. Threads: one thread. Errors: none.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/step_time.h"

namespace estoc {

struct StepRecord {
  uint64_t number = 0;  // as EngineStats::steps counts
  StepWork work;
  int sequences = 0;  // in the plan
  int decodes = 0;    // of those, one token behind
  int running = 0, waiting = 0;
  double foreseen_s = 0;
  double took_s = 0;
};

class StepLog {
 public:
  // 0: nothing is kept.
  explicit StepLog(int size) : records_(static_cast<size_t>(size)) {}

  bool is_on() const { return !records_.empty(); }
  void add(const StepRecord& record) {
    if (is_on()) records_[count_++ % records_.size()] = record;
  }
  // Oldest first.
  std::vector<StepRecord> records() const {
    std::vector<StepRecord> result;
    for (size_t i = count_ > records_.size() ? count_ - records_.size() : 0; i < count_; ++i) {
      result.push_back(records_[i % records_.size()]);
    }
    return result;
  }

 private:
  std::vector<StepRecord> records_;
  size_t count_ = 0;
};

}  // namespace estoc
