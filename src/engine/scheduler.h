// Decides what a step computes: a list of (sequence, token count).
//
// A step has a budget of time. While somebody decodes it is as short as the prompts at hand allow: just long enough for
// them to meet the target time to first token, never more than the target time between tokens (unless decoding alone
// takes that long: then prompts get as much again). Else it is a share of the target time to first token.
// Within it:
//   1. sequences that are one token behind, by rank: each costs one row and somebody waits for it;
//   2. prompts that have been begun, in order of their due times, as many tokens as the time allows;
//   3. waiting sequences in the order of WaitingQueue, when their known tokens have blocks, one spare block is left for
//      each sequence already running, and decoding with one more would still meet the target. One whose prompt begins
//      like a prompt that is just being computed waits for that and finds it in the cache. A newcomer that is due
//      earlier goes before a prompt that has been begun.
// Rank is (priority class, age). When a running sequence finds no block for its next token, the one of the worst rank
// gives up its blocks and waits again. Where the swap space has room, what was computed of it is kept there, and comes
// back while the step is computed that admits it; else it is forgotten, and what it had published is found again if the
// memory was not needed. The best-ranked always proceeds, so a sequence that fits into the cache alone never fails.
// Ownership: owns its sequences; borrows the cache and the time model. Threads: one thread. Errors: none.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine_config.h"
#include "engine/sequence.h"
#include "engine/step_time.h"
#include "engine/waiting_queue.h"
#include "engine/work_costs.h"
#include "kv/kv_manager.h"

namespace estoc {

struct PlanEntry {
  Sequence* sequence = nullptr;
  int tokens = 0;  // the next ones that are not computed; at least 1
  int drafts = 0;  // and so many guesses behind them; above 0 only when all tokens are known then
  int logit_rows = 0;
  // Of a step that is planned ahead: so many tokens before are still computed, and this row of that step's logits
  // chooses its token.
  int uncommitted = 0, chosen_row = -1;
  int rows() const { return tokens + drafts; }
  int position() const { return sequence->computed + uncommitted; }
  bool is_ahead() const { return chosen_row >= 0; }
};

using Plan = std::vector<PlanEntry>;

// Served work is counted in prompt tokens; an output token costs about as much as two (Sheng et al. use the same).
inline constexpr double kOutputWeight = 2;

struct SchedulerLimits {
  int sequences_max = 1;
  int batch_tokens_max = 1;
  int logit_rows_max = 1;       // REQUIRES at least min(sequences_max, batch_tokens_max)
  double decode_step_s = 1e9;   // longest time of a step while somebody decodes
  double idle_step_s = 1e9;     // and while nobody does
  double target_ttft_s = 0;     // what shorter steps are chosen by; 0 for always the longest
  int positions_max = 1 << 30;  // that a sequence can reach
  SchedulePolicy policy = SchedulePolicy::mixed;
};

class Scheduler {
 public:
  Scheduler(KvManager& kv, const StepTimeModel& times, const SchedulerLimits& limits);
  ~Scheduler();

  // Ids must come in ascending order: they are the age of a sequence.
  void add(std::unique_ptr<Sequence> sequence);
  // Takes a sequence out, running or waiting, and frees its blocks; null when there is none of that id.
  std::unique_ptr<Sequence> remove(RequestId id);
  Sequence* find(RequestId id) const;  // null when there is none

  // The next step; may be empty only when nothing runs and nothing waits. Valid until the next call. The caller must
  // make the copies that the cache asks for, then advance `computed` of each planned sequence by its tokens and tell
  // the cache, and remove it or append a token when it has caught up.
  const Plan& plan(Clock::time_point now);
  // The step behind `computing`, which is this scheduler's last one and not committed yet, where it is clear without
  // knowing what that one chooses: everybody who runs decodes, nobody waits who could be admitted, nobody has to give
  // way and nothing to be copied. Else empty. Whoever is known to end with `computing` is not in it; who turns out to
  // have ended computes a row for nothing. Valid until the next plan.
  const Plan& plan_ahead(const Plan& computing);
  void charge_planned();  // that one is computed: clients have had their tokens
  // How many guesses behind a sequence's tokens are worth having now.
  int drafts_max(const Sequence& sequence) const;
  // What the plan costs, for the time model.
  const StepWork& work() const { return work_; }

  WorkCosts costs() const;
  // Estimated time to work off what waits, prompts that have been begun included.
  double queue_work_s() const;
  // An answer has ended with so many tokens.
  void learn_output(int tokens);

  bool is_idle() const { return running_.empty() && waiting_.count() == 0; }
  int running_count() const { return static_cast<int>(running_.size()); }
  int waiting_count() const { return waiting_.count(); }
  uint64_t preemption_count() const { return preemption_count_; }
  uint64_t kept_count() const { return kept_count_; }  // of those, without forgetting anything
  // Who goes to the swap space or comes back with the plan.
  const std::vector<RequestId>& swapped() const { return swapped_; }
  uint64_t prefix_tokens() const { return prefix_tokens_; }
  uint64_t prefix_tokens_cached() const { return prefix_tokens_cached_; }
  // Running, then waiting; `visit(Sequence&)` must not add or remove.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& sequence : running_) visit(*sequence);
    waiting_.for_each(visit);
  }

  // Aborts when blocks, references or counts contradict each other. Call between steps; for tests.
  void check_integrity() const;

 private:
  enum class Admission { done, later, stop };

  bool can_plan_ahead(const Plan& computing) const;
  bool ends_with_next(const Sequence& sequence) const;
  void plan_decodes();
  void set_decode_budget(Clock::time_point now);
  void plan_prompts(Clock::time_point now);
  void plan_prefill_first(Clock::time_point now);
  void schedule(Sequence& sequence, int tokens, int drafts = 0);
  int drafts_that_fit(const Sequence& sequence) const;
  void plan_prompt(Sequence& sequence);
  void plan_arriving();
  Admission admit(Sequence& sequence);
  Admission bring_back(Sequence& sequence);
  void run(Sequence& sequence);
  const Sequence* find_sibling(const Sequence& sequence) const;
  bool is_being_computed(const Sequence& sequence, int cached) const;
  bool can_decode_one_more(const Sequence& sequence) const;
  int tokens_within_budget(const Sequence& sequence) const;
  int to_state(const Sequence& sequence, int tokens) const;
  bool make_room(Sequence& sequence, int tokens);
  void preempt_worst();
  void plan_something();

  KvManager& kv_;
  const StepTimeModel& times_;
  const SchedulerLimits limits_;
  FairShare clients_;
  WaitingQueue waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // best rank first
  std::vector<Sequence*> begun_;                    // prompts of the step that have been begun
  Plan plan_;
  StepWork work_;
  double budget_s_ = 0, rest_budget_s_ = 0;  // of the step; the same for one that ends a prompt
  bool has_prompt_ = false;                  // in the plan
  bool has_preempted_ = false;
  double output_mean_ = 128;
  std::vector<RequestId> swapped_;  // of the step
  uint64_t preemption_count_ = 0, kept_count_ = 0, prefix_tokens_ = 0, prefix_tokens_cached_ = 0;
};

}  // namespace estoc
