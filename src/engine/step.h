// The heart of the engine: one step is plan, run, commit. Knows no threads and no queue.
//
// What: events of a step are collected and handed to their sinks by deliver(), after the blocks of finished sequences
// are free and stats() say so. Where a device chooses all tokens of a step, the next one is submitted while it
// computes, with tokens that only the device knows (Scheduler::plan_ahead), and this one's events are made meanwhile.
// Ownership: owns the scheduler, every sequence and the order of the KV cache; borrows the runner, which computes.
// Memory: a step in which nobody comes or goes takes none from the heap, but for each 16th token of a sequence: then a
// block is published, and lists of tokens, blocks and names may have to double.
// Threads: one thread at a time. Errors: the constructor throws Error{resource_exhausted}; the rest throws nothing but
// std::bad_alloc, after which the stepper is of no use.
#pragma once

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/batch_builder.h"
#include "engine/engine_config.h"
#include "engine/engine_stats.h"
#include "engine/event.h"
#include "engine/proposer.h"
#include "engine/scheduler.h"
#include "engine/step_log.h"
#include "engine/step_time.h"
#include "kv/kv_manager.h"
#include "runner/runner.h"

namespace estoc {

class Stepper {
 public:
  using Now = Clock::time_point (*)();

  // Opens the runner. `now` is the clock of all times.
  Stepper(Runner& runner, const EngineConfig& config, Now now = Clock::now);
  ~Stepper();  // waits for what a device still computes

  // Asked for guesses before each step; null for none. Borrowed.
  void set_proposer(Proposer* proposer) { proposer_ = proposer; }

  void add(std::unique_ptr<Sequence> sequence);
  // Ends a sequence before its own end: frees its blocks and leaves it a last event, with a sentence where it is an
  // error. Unknown ids are ignored.
  void end(RequestId id, FinishReason reason);
  void end_all(FinishReason reason);
  // Ends requests whose deadline has passed, then computes one step; does nothing when idle. When what computes is lost
  // for good (ErrorCode::device_lost), stats() say so and all requests end with an error, also those that come later.
  // Where a device computes, events of the step before are delivered meanwhile.
  void step();
  // Calls the sinks, in order. A sink that throws is as good as a caller that left: its request is cancelled. How many
  // threw: stats() have changed when there were any.
  int deliver();
  // Whether the next step delivers what this one has left: the caller need not, and a device would wait for it.
  bool leaves_delivery() const { return has_device_ && !is_idle(); }

  bool is_idle() const { return scheduler_.is_idle(); }
  // As they are now; valid until the next call of anything.
  const EngineStats& stats();
  WorkCosts costs() const { return scheduler_.costs(); }
  // The step computed last; of no meaning before the first and after one that failed.
  const StepRecord& last_step() const { return last_step_; }
  // Positions a sequence can reach.
  int positions_max() const { return positions_max_; }
  void check_integrity() const { scheduler_.check_integrity(); }

 private:
  struct Delivery {
    Sequence* sequence;
    Event event;
  };
  // A step from its plan to its end.
  struct Flight {
    explicit Flight(const SchedulerLimits& limits, int groups) : batch(limits, groups) {}
    Plan plan;  // of a sequence that has ended meanwhile: null
    BatchBuilder batch;
    std::vector<RowJob> rows;
    StepRecord record;
    Clock::time_point begin, submitted;
    double plan_s = 0;
  };
  Flight& next_flight() { return flights_[computing_ == &flights_[0] ? 1 : 0]; }
  Flight* submit_planned(Clock::time_point begin);
  Flight* submit_ahead();
  void record_plan(Flight& flight, Clock::time_point begin);
  bool finish_flight(Flight& flight);
  void forget(const Sequence& sequence);
  void discard_dead();
  void deliver_meanwhile();
  void end_broken();
  void expire();
  bool is_late(const Sequence& sequence, Clock::time_point now) const;   // for its own deadline
  bool is_stale(const Sequence& sequence, Clock::time_point now) const;  // waited too long to be started
  void commit(Flight& flight);
  void draft();
  static void collect_rows(Flight& flight);
  void keep_prompt_logprobs(Sequence& sequence, RowJob& row);
  static int count_right(const Sequence& sequence, std::span<const RowJob> choices);
  void commit_blocks(Sequence& sequence, int computed, int right);
  void accept(Sequence& sequence, std::span<RowJob> choices, int right);
  bool extend(Sequence& sequence, RowJob& row);
  void fail(const Flight& flight, const std::exception_ptr& failure);
  Event& emit(Sequence& sequence);
  void finish(Sequence& sequence, FinishReason reason);

  Runner& runner_;
  Proposer* proposer_ = nullptr;
  const Now now_;
  const double queue_timeout_s_;
  const bool plans_ahead_;
  const std::vector<KvGroup> groups_;
  const int positions_max_;
  const SchedulerLimits limits_;
  KvManager kv_;
  StepTimeModel times_;
  Scheduler scheduler_;
  std::array<Flight, 2> flights_;
  Flight* computing_ = nullptr;  // submitted, and not waited for
  Flight* ahead_ = nullptr;      // submitted behind it
  std::vector<Sequence*> late_;  // of the current step
  StepRecord last_step_;
  std::vector<Delivery> outbox_;
  std::vector<std::unique_ptr<Sequence>> finished_;  // alive until their last event is delivered
  std::vector<RequestId> broken_;                    // of sinks that threw while their sequences were computed
  bool is_computing_ = false, has_device_ = false;
  EngineStats stats_;  // what only grows, and what was true at the last stats()
};

}  // namespace estoc
