#include "engine/scheduler.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

Scheduler::Scheduler(BlockPool& pool, const SchedulerLimits& limits) : pool_(pool), limits_(limits) {
  ESTOC_CHECK(limits.logit_rows_max >= std::min(limits.sequences_max, limits.batch_tokens_max));
  running_.reserve(static_cast<size_t>(limits.sequences_max));
  plan_.reserve(static_cast<size_t>(limits.sequences_max));
}

Scheduler::~Scheduler() {
  for (const auto& sequence : running_) sequence->table.release(pool_);
}

const Plan& Scheduler::plan() {
  plan_.clear();
  rows_left_ = limits_.batch_tokens_max;
  logit_rows_left_ = limits_.logit_rows_max;
  const uint64_t preempted_before = preemption_count_;
  plan_running(true);
  plan_running(false);
  if (preemption_count_ == preempted_before) plan_waiting();
  ESTOC_CHECK(!plan_.empty() || is_idle());
  return plan_;
}

void Scheduler::plan_running(bool is_one_behind) {
  for (size_t i = 0; i < running_.size(); ++i) {  // make_room may shorten the list behind i
    Sequence& sequence = *running_[i];
    if ((sequence.remaining() == 1) != is_one_behind) continue;
    const int tokens = tokens_within_budget(sequence);
    if (tokens > 0 && make_room(sequence)) schedule(sequence, tokens);
  }
}

void Scheduler::plan_waiting() {
  while (!waiting_.empty() && running_count() < limits_.sequences_max) {
    Sequence& next = *waiting_.front();
    const int tokens = tokens_within_budget(next);
    if (tokens == 0 || pool_.free_count() < next.table.missing_for(next.known()) + running_count()) return;
    ESTOC_CHECK(next.table.grow(pool_, next.known()));
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    schedule(next, tokens);
  }
}

void Scheduler::schedule(Sequence& sequence, int tokens) {
  plan_.push_back({&sequence, tokens});
  rows_left_ -= tokens;
  logit_rows_left_ -= sequence.logit_rows(tokens);
}

int Scheduler::tokens_within_budget(const Sequence& sequence) const {
  int tokens = std::min(sequence.remaining(), rows_left_);
  while (tokens > 0 && sequence.logit_rows(tokens) > logit_rows_left_) --tokens;
  return tokens;
}

// False when the sequence itself had to go.
bool Scheduler::make_room(Sequence& sequence) {
  while (!sequence.table.grow(pool_, sequence.known())) {
    const bool is_own_turn = running_.back().get() == &sequence;
    preempt_newest();
    if (is_own_turn) return false;
  }
  return true;
}

// The newest is not in the plan yet: only sequences one token behind ask for blocks, and they are planned by age.
void Scheduler::preempt_newest() {
  Sequence& newest = *running_.back();
  ESTOC_CHECK(plan_.empty() || plan_.back().sequence->id < newest.id);
  newest.table.release(pool_);
  newest.computed = 0;
  waiting_.push_front(std::move(running_.back()));
  running_.pop_back();
  ++preemption_count_;
}

void Scheduler::add(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }

std::unique_ptr<Sequence> Scheduler::remove(RequestId id) {
  const auto has_id = [&](const std::unique_ptr<Sequence>& sequence) { return sequence->id == id; };
  std::unique_ptr<Sequence> removed;
  if (const auto at = std::find_if(running_.begin(), running_.end(), has_id); at != running_.end()) {
    removed = std::move(*at);
    running_.erase(at);
    removed->table.release(pool_);
  } else if (const auto in_queue = std::find_if(waiting_.begin(), waiting_.end(), has_id); in_queue != waiting_.end()) {
    removed = std::move(*in_queue);
    waiting_.erase(in_queue);
  }
  return removed;
}

Sequence* Scheduler::find(RequestId id) const {
  for (const auto& sequence : running_) {
    if (sequence->id == id) return sequence.get();
  }
  for (const auto& sequence : waiting_) {
    if (sequence->id == id) return sequence.get();
  }
  return nullptr;
}

std::vector<RequestId> Scheduler::ids() const {
  std::vector<RequestId> ids;
  for (const auto& sequence : running_) ids.push_back(sequence->id);
  for (const auto& sequence : waiting_) ids.push_back(sequence->id);
  return ids;
}

void Scheduler::check_integrity() const {
  pool_.check_integrity();
  int blocks = 0;
  for (const auto& sequence : running_) {
    blocks += sequence->table.block_count();
    ESTOC_CHECK(sequence->remaining() > 0);
    ESTOC_CHECK(sequence->table.missing_for(sequence->computed) == 0);
  }
  for (const auto& sequence : waiting_) {
    ESTOC_CHECK(sequence->table.block_count() == 0);
    ESTOC_CHECK(sequence->computed == 0);
  }
  ESTOC_CHECK(blocks == pool_.used_count());  // until blocks are shared
  ESTOC_CHECK(running_count() <= limits_.sequences_max);
  const auto by_age = ids();
  ESTOC_CHECK(std::is_sorted(by_age.begin(), by_age.end()));
}

}  // namespace estoc
