// Decides what a step computes: a list of (sequence, token count).
//
// Policy, within a budget of rows and logit rows:
//   1. running sequences that are one token behind, oldest first: each costs one row and somebody waits for it;
//   2. the other running sequences, oldest first, as many tokens as fit;
//   3. waiting sequences, first come first served, when all their known tokens have free blocks and one spare block is
//      left for each sequence already running.
// When a running sequence finds no block for its next token, the newest running sequence gives up its blocks, forgets
// what was computed and goes back to the front of the queue. Running sequences are older than waiting ones, always; so
// the oldest proceeds in the end, and a sequence that fits into the pool alone never fails.
// Ownership: owns its sequences; borrows the pool. Threads: one thread. Errors: none.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/sequence.h"
#include "kv/block_pool.h"

namespace estoc {

struct PlanEntry {
  Sequence* sequence = nullptr;
  int tokens = 0;  // the next ones that are not computed; at least 1
};

using Plan = std::vector<PlanEntry>;

struct SchedulerLimits {
  int sequences_max = 1;
  int batch_tokens_max = 1;
  int logit_rows_max = 1;  // REQUIRES at least min(sequences_max, batch_tokens_max)
};

class Scheduler {
 public:
  Scheduler(BlockPool& pool, const SchedulerLimits& limits);
  ~Scheduler();

  // Ids must come in ascending order: they are the age of a sequence.
  void add(std::unique_ptr<Sequence> sequence);
  // Takes a sequence out, running or waiting, and frees its blocks; null when there is none of that id.
  std::unique_ptr<Sequence> remove(RequestId id);
  Sequence* find(RequestId id) const;  // null when there is none

  // The next step; empty only when there is no sequence. Valid until the next call. The caller must then advance
  // `computed` of each planned sequence by its tokens, and remove it or append a token when it has caught up.
  const Plan& plan();

  bool is_idle() const { return running_.empty() && waiting_.empty(); }
  int running_count() const { return static_cast<int>(running_.size()); }
  int waiting_count() const { return static_cast<int>(waiting_.size()); }
  uint64_t preemption_count() const { return preemption_count_; }
  std::vector<RequestId> ids() const;

  // Aborts when the blocks, the order of ages or the counts contradict each other. Call between steps; for tests.
  void check_integrity() const;

 private:
  void plan_running(bool is_one_behind);
  void plan_waiting();
  void schedule(Sequence& sequence, int tokens);
  int tokens_within_budget(const Sequence& sequence) const;
  bool make_room(Sequence& sequence);
  void preempt_newest();

  BlockPool& pool_;
  const SchedulerLimits limits_;
  std::vector<std::unique_ptr<Sequence>> running_;  // oldest first
  std::deque<std::unique_ptr<Sequence>> waiting_;   // oldest first, all newer than the running ones; no blocks
  Plan plan_;
  int rows_left_ = 0;
  int logit_rows_left_ = 0;
  uint64_t preemption_count_ = 0;
};

}  // namespace estoc
