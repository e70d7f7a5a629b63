#include "engine/step.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/kv_sizing.h"
#include "engine/stats_counting.h"
#include "runner/row_readers.h"

namespace estoc {
namespace {

// Prompts whose log-probabilities are asked for want logits of every row: this bounds the buffer, and the scheduler
// feeds such prompts in chunks that fit.
SchedulerLimits limits_of(const EngineConfig& config, int positions_max) {
  constexpr int kLogitRows = 64;
  constexpr double kMargin = 0.9;     // predictions err
  constexpr double kIdleShare = 0.5;  // of the target time to first token: a newcomer waits for the step under way
  return {.sequences_max = config.sequences_max,
          .batch_tokens_max = config.batch_tokens_max,
          .logit_rows_max = std::min(config.batch_tokens_max, std::max(config.sequences_max, kLogitRows)),
          .decode_step_s = kMargin * config.target_tbt_s,
          .idle_step_s = std::max(kIdleShare * config.target_ttft_s, kMargin * config.target_tbt_s),
          .target_ttft_s = kMargin * config.target_ttft_s,
          .positions_max = positions_max,
          .policy = config.policy};
}

}  // namespace

Stepper::Stepper(Runner& runner, const EngineConfig& config, Now now)
    : runner_(runner),
      now_(now),
      queue_timeout_s_(config.queue_timeout_s),
      plans_ahead_(config.plans_ahead),
      groups_(kv_groups_for(runner.info().state, config)),
      positions_max_(positions_max_for(groups_, config)),
      limits_(limits_of(config, positions_max_)),
      kv_(groups_, config.has_prefix_cache, PrefixHasher(random_hash_key())),
      times_(StepTimeModel::guess_for(
          runner.info(), runner.info().state.position_block_bytes(config.kv_type) / kKvBlockTokens, config.machine)),
      scheduler_(kv_, times_, limits_),
      flights_{Flight(limits_, static_cast<int>(groups_.size())), Flight(limits_, static_cast<int>(groups_.size()))},
      stats_(with_buckets()) {
  runner.open({.kv_type = config.kv_type,
               .block_counts = block_counts(groups_),
               .slot_counts = slot_counts(groups_),
               .rows_max = limits_.batch_tokens_max,
               .logit_rows_max = limits_.logit_rows_max});
}

Stepper::~Stepper() {
  if (computing_ == nullptr) return;
  try {
    runner_.wait();
  } catch (...) {  // nobody is left who could be told
  }
}

void Stepper::step() {
  const Clock::time_point begin = now_();
  expire();
  discard_dead();
  if (computing_ == nullptr) computing_ = submit_planned(begin);
  if (computing_ == nullptr) return;
  ahead_ = submit_ahead();
  deliver_meanwhile();
  Flight& flight = *computing_;
  const bool is_done = finish_flight(flight);
  end_broken();
  if (!is_done) return;
  for (int group = 0; group < kv_.group_count(); ++group) runner_.keep_ahead(group, kv_.reach(group));
  runner_.set_idle(is_idle());
  const double seconds = seconds_between(flight.begin, now_());
  last_step_ = flight.record;
  last_step_.took_s = seconds;
  times_.learn(last_step_.work, seconds);
  stats_.step_s.add(seconds);
  stats_.step_rows.add(last_step_.work.rows);
}

// Null when there is nothing to do.
Stepper::Flight* Stepper::submit_planned(Clock::time_point begin) {
  draft();
  const Plan& plan = scheduler_.plan(begin);
  runner_.set_idle(plan.empty());
  if (plan.empty()) return nullptr;
  for (const PlanEntry& entry : plan) {
    if (!entry.sequence->started_at) entry.sequence->started_at = begin;
  }
  Flight& flight = next_flight();
  flight.plan.assign(plan.begin(), plan.end());
  collect_rows(flight);
  record_plan(flight, begin);
  runner_.submit({.copies = kv_.copies(),
                  .batch = flight.batch.build(flight.plan),
                  .rows = flight.rows,
                  .swap_outs = kv_.swaps().outs,
                  .swap_ins = kv_.swaps().ins,
                  .are_swap_ins_awaited = kv_.swaps().are_ins_awaited});
  flight.submitted = now_();
  flight.plan_s = seconds_between(begin, flight.submitted);
  return &flight;
}

// The step behind the one that a device computes, where it is clear without that one's tokens and these need not come
// to the host. Null where it is not.
Stepper::Flight* Stepper::submit_ahead() {
  if (!plans_ahead_ || proposer_ != nullptr || !runner_.is_computing()) return nullptr;
  for (const RowJob& row : computing_->rows) {
    if (row.state != nullptr && !RowReaders::draw_of(row)) return nullptr;
  }
  const Clock::time_point begin = now_();
  const Plan& plan = scheduler_.plan_ahead(computing_->plan);
  if (plan.empty()) return nullptr;
  Flight& flight = next_flight();
  flight.plan.assign(plan.begin(), plan.end());
  collect_rows(flight);
  const Batch batch = flight.batch.build(flight.plan);
  if (!runner_.can_follow(batch)) return nullptr;
  scheduler_.charge_planned();
  record_plan(flight, begin);
  runner_.submit({.copies = {}, .batch = batch, .rows = flight.rows});
  flight.submitted = now_();
  flight.plan_s = seconds_between(begin, flight.submitted);
  ++stats_.steps_ahead;
  return &flight;
}

void Stepper::record_plan(Flight& flight, Clock::time_point begin) {
  const StepWork work = scheduler_.work();
  flight.begin = begin;
  flight.record = {
      .work = work,
      .sequences = static_cast<int>(flight.plan.size()),
      .decodes = static_cast<int>(std::ranges::count_if(
          flight.plan, [](const PlanEntry& entry) { return entry.is_ahead() || entry.sequence->is_decoding(); })),
      .running = scheduler_.running_count(),
      .waiting = scheduler_.waiting_count(),
      .foreseen_s = times_.predict(work)};
}

// Waits for a step and commits it; false when it failed. What was submitted behind it comes next.
bool Stepper::finish_flight(Flight& flight) {
  std::exception_ptr failure;
  try {
    runner_.wait();
  } catch (...) {
    failure = std::current_exception();
  }
  const Clock::time_point computed = now_();
  flight.record.number = ++stats_.steps;
  computing_ = std::exchange(ahead_, nullptr);
  if (computing_ != nullptr) {  // its tokens are known when it is read, and it has begun now
    computing_->begin = computed;
    for (PlanEntry& entry : computing_->plan) entry.uncommitted = 0;
    for (RowJob& row : computing_->rows) row.ahead = {};
  }
  if (failure) {
    fail(flight, failure);
    return false;
  }
  kv_.end_step();
  for (const RowJob& row : flight.rows) stats_.mask_s += row.mask_s;
  commit(flight);
  stats_.plan_s += flight.plan_s;
  stats_.compute_s += seconds_between(std::max(flight.begin, flight.submitted), computed);
  stats_.commit_s += seconds_between(computed, now_());
  return true;
}

// Of what is submitted, nothing is done with its rows.
void Stepper::forget(const Sequence& sequence) {
  for (Flight* const flight : {computing_, ahead_}) {
    if (flight == nullptr) continue;
    size_t row = 0;
    for (PlanEntry& entry : flight->plan) {
      const size_t end = row + static_cast<size_t>(entry.logit_rows);
      if (entry.sequence == &sequence) {
        entry.sequence = nullptr;
        for (; row < end; ++row) flight->rows[row] = {};
      }
      row = end;
    }
  }
}

// Nobody waits for a step whose sequences have all ended; only the runner has to be done with it.
void Stepper::discard_dead() {
  if (computing_ == nullptr) return;
  if (std::ranges::any_of(computing_->plan, [](const PlanEntry& entry) { return entry.sequence != nullptr; })) return;
  try {
    runner_.wait();
  } catch (...) {
    fail(*computing_, std::current_exception());
  }
  computing_ = nullptr;
}

// Guesses are for one step: what follows is known better behind it.
void Stepper::draft() {
  if (proposer_ == nullptr) return;
  scheduler_.for_each([this](Sequence& sequence) {
    sequence.drafts.clear();
    const int most = scheduler_.drafts_max(sequence);
    if (most > 0) proposer_->propose(sequence, most, sequence.drafts);
    ESTOC_CHECK(static_cast<int>(sequence.drafts.size()) <= most);
  });
}

// What is wanted of each row of logits, in the order in which the builder asks for them: sequence by sequence, position
// by position.
void Stepper::collect_rows(Flight& flight) {
  static constexpr TokenId kUnknown[] = {0};  // of which only counts that it is there
  flight.rows.clear();
  for (const PlanEntry& entry : flight.plan) {
    const Sequence& sequence = *entry.sequence;
    for (int position = entry.position(); position < entry.position() + entry.rows(); ++position) {
      if (!sequence.wants_logits(position)) continue;
      RowJob& row = flight.rows.emplace_back();
      if (position + 1 < sequence.known()) {
        row.token = sequence.tokens[static_cast<size_t>(position) + 1];
        row.top_logprobs = sequence.request.prompt_logprobs;
      } else if (sequence.request.tokens_max > 0) {
        const int ahead = position + 1 - sequence.known();
        row.state = &sequence.sampling;
        row.mask = sequence.mask(ahead);
        row.ahead = std::span(sequence.drafts).first(entry.is_ahead() ? 0 : static_cast<size_t>(ahead));
        if (entry.is_ahead()) row.ahead = kUnknown;
        row.top_logprobs = sequence.request.sampling.logprobs;
      }
    }
  }
}

void Stepper::commit(Flight& flight) {
  auto row = flight.rows.begin();
  for (const PlanEntry& entry : flight.plan) {
    const auto end = row + entry.logit_rows;
    if (entry.sequence == nullptr) {
      row = end;
      continue;
    }
    Sequence& sequence = *entry.sequence;
    const int computed = sequence.computed + entry.tokens;
    const int choice_count = computed == sequence.known() ? 1 + entry.drafts : 0;  // the last of its rows
    for (; end - row > choice_count; ++row) keep_prompt_logprobs(sequence, *row);
    const std::span<RowJob> choices(row, end);
    row = end;
    const int right = count_right(sequence, choices);
    commit_blocks(sequence, computed, right);
    if (!choices.empty()) accept(sequence, choices, right);
  }
}

void Stepper::keep_prompt_logprobs(Sequence& sequence, RowJob& row) {
  sequence.prompt_logprobs.push_back(std::move(row.logprobs));
  ++sequence.prompt_logprob_count;
}

// How many of the guesses, from the first on, are what was chosen in their place.
int Stepper::count_right(const Sequence& sequence, std::span<const RowJob> choices) {
  int right = 0;
  for (size_t i = 0; i + 1 < choices.size() && choices[i].token == sequence.drafts[i]; ++i) ++right;
  return right;
}

// `computed` tokens and `right` guesses behind them have their keys and values; what is behind those is forgotten.
void Stepper::commit_blocks(Sequence& sequence, int computed, int right) {
  const size_t known = sequence.tokens.size();
  sequence.tokens.insert(sequence.tokens.end(), sequence.drafts.begin(), sequence.drafts.begin() + right);
  kv_.commit(sequence.kv, sequence.tokens, computed + right);
  sequence.tokens.resize(known);
  if (!sequence.drafts.empty()) kv_.truncate(sequence.kv, computed + right);
  sequence.computed = computed + right;
  if (sequence.computed == sequence.known()) sequence.forced_behind = 0;
}

// Takes 1 to k + 1 tokens of a step with k guesses: those that were right, and the one chosen behind them.
void Stepper::accept(Sequence& sequence, std::span<RowJob> choices, int right) {
  stats_.draft_tokens += choices.size() - 1;
  stats_.draft_tokens_accepted += static_cast<uint64_t>(right);
  sequence.drafts.clear();
  for (RowJob& choice : choices.first(static_cast<size_t>(right) + 1)) {
    if (extend(sequence, choice)) return;
  }
  // What the constraint leaves no choice about takes no step: it is computed with the next one that chooses.
  for (auto token = sequence.forced_token(); token; token = sequence.forced_token()) {
    RowJob row = {.token = token};
    ++stats_.forced_tokens;
    ++sequence.forced_behind;
    if (extend(sequence, row)) return;
  }
}

// The sequence has caught up: add its next token and tell its caller. Whether it has ended.
bool Stepper::extend(Sequence& sequence, RowJob& row) {
  const bool is_first = sequence.output_count() == 0;
  if (is_first) stats_.prompt_tokens += static_cast<uint64_t>(sequence.prompt_count);
  const std::optional<TokenId> token = row.token;
  const auto fail = [&](std::string_view what) {
    emit(sequence).error = what;
    finish(sequence, FinishReason::error);
    return true;
  };
  if (!sequence.constraint_failure().empty()) return fail(sequence.constraint_failure());
  if (row.state != nullptr && !token) {
    return fail("no token can be chosen: the model gave no finite logit, or every token is forbidden");
  }
  std::optional<FinishReason> reason = FinishReason::length;  // when only the prompt was to be computed
  if (token) {
    reason = sequence.append(*token, positions_max_);
    if (!sequence.constraint_failure().empty()) return fail(sequence.constraint_failure());
    count_token(stats_, sequence, now_());
  }
  Event& event = emit(sequence);
  event.token = token;
  event.is_stop_token = reason == FinishReason::stop;
  if (token && sequence.request.sampling.logprobs >= 0) {
    event.logprobs = std::move(row.logprobs);
  }
  if (is_first) event.prompt_logprobs = std::move(sequence.prompt_logprobs);
  if (reason) finish(sequence, *reason);
  return reason.has_value();
}

// What went wrong inside is for whoever runs the engine, not for its clients. It may have been a copy to the swap space
// or back, so those whose blocks were to be copied end too.
void Stepper::fail(const Flight& flight, const std::exception_ptr& failure) {
  std::string what;
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    what = error.what();
    stats_.is_lost = stats_.is_lost || error.code() == ErrorCode::device_lost;
  } catch (const std::exception& error) {
    what = error.what();
  }
  std::vector<RequestId> ids = scheduler_.swapped();
  for (const PlanEntry& entry : flight.plan) {
    if (entry.sequence != nullptr) ids.push_back(entry.sequence->id);
  }
  log_error("a forward pass of {} sequences failed, their requests end with an error: {}", flight.plan.size(), what);
  kv_.forget_swaps();
  for (const RequestId id : ids) end(id, FinishReason::error);
  kv_.end_step();
  if (stats_.is_lost) end_all(FinishReason::error);
}

}  // namespace estoc
