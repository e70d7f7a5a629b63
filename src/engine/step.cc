#include "engine/step.h"

#include <algorithm>
#include <exception>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/kv_sizing.h"
#include "engine/stats_counting.h"

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
      groups_(kv_groups_for(runner.info().state, config)),
      positions_max_(positions_max_for(groups_, config)),
      limits_(limits_of(config, positions_max_)),
      kv_(groups_, config.has_prefix_cache, PrefixHasher(random_hash_key())),
      times_(StepTimeModel::guess_for(
          runner.info(), runner.info().state.position_block_bytes(config.kv_type) / kKvBlockTokens, config.machine)),
      scheduler_(kv_, times_, limits_),
      batch_(limits_, static_cast<int>(groups_.size())),
      stats_(with_buckets()) {
  runner.open({.kv_type = config.kv_type,
               .block_counts = block_counts(groups_),
               .slot_counts = slot_counts(groups_),
               .rows_max = limits_.batch_tokens_max,
               .logit_rows_max = limits_.logit_rows_max});
}

void Stepper::step() {
  const Clock::time_point begin = now_();
  expire();
  draft();
  const Plan& plan = scheduler_.plan(begin);
  runner_.set_idle(plan.empty());
  if (plan.empty()) return;
  ++stats_.steps;
  for (const PlanEntry& entry : plan) {
    if (!entry.sequence->started_at) entry.sequence->started_at = begin;
  }
  const StepWork work = scheduler_.work();
  last_step_ = {.number = stats_.steps,
                .work = work,
                .sequences = static_cast<int>(plan.size()),
                .decodes = static_cast<int>(
                    std::ranges::count_if(plan, [](const PlanEntry& entry) { return entry.sequence->is_decoding(); })),
                .running = scheduler_.running_count(),
                .waiting = scheduler_.waiting_count(),
                .foreseen_s = times_.predict(work)};
  collect_rows(plan);
  runner_.submit({.copies = kv_.copies(),
                  .batch = batch_.build(plan),
                  .rows = rows_,
                  .swap_outs = kv_.swaps().outs,
                  .swap_ins = kv_.swaps().ins,
                  .are_swap_ins_awaited = kv_.swaps().are_ins_awaited});
  const Clock::time_point planned = now_();
  deliver_meanwhile();
  try {
    runner_.wait();
  } catch (const Error& error) {
    stats_.is_lost = error.code() == ErrorCode::device_lost;
    fail(plan, error.what());
    if (stats_.is_lost) end_all(FinishReason::error);
    return end_broken();
  } catch (const std::exception& error) {
    fail(plan, error.what());
    return end_broken();
  }
  kv_.end_step();
  const Clock::time_point computed = now_();
  commit(plan);
  end_broken();
  for (int group = 0; group < kv_.group_count(); ++group) runner_.keep_ahead(group, kv_.reach(group));
  runner_.set_idle(is_idle());
  const Clock::time_point end = now_();
  stats_.plan_s += seconds_between(begin, planned);
  stats_.compute_s += seconds_between(planned, computed);
  stats_.commit_s += seconds_between(computed, end);
  const double seconds = seconds_between(begin, end);
  last_step_.took_s = seconds;
  times_.learn(work, seconds);
  stats_.step_s.add(seconds);
  stats_.step_rows.add(work.rows);
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
void Stepper::collect_rows(const Plan& plan) {
  rows_.clear();
  for (const PlanEntry& entry : plan) {
    const Sequence& sequence = *entry.sequence;
    for (int position = sequence.computed; position < sequence.computed + entry.rows(); ++position) {
      if (!sequence.wants_logits(position)) continue;
      RowJob& row = rows_.emplace_back();
      if (position + 1 < sequence.known()) {
        row.token = sequence.tokens[static_cast<size_t>(position) + 1];
        row.top_logprobs = sequence.request.prompt_logprobs;
      } else if (sequence.request.tokens_max > 0) {
        const int ahead = position + 1 - sequence.known();
        row.state = &sequence.sampling;
        row.mask = sequence.mask(ahead);
        row.ahead = std::span(sequence.drafts).first(static_cast<size_t>(ahead));
        row.top_logprobs = sequence.request.sampling.logprobs;
      }
    }
  }
}

void Stepper::commit(const Plan& plan) {
  auto row = rows_.begin();
  for (const PlanEntry& entry : plan) {
    Sequence& sequence = *entry.sequence;
    const int computed = sequence.computed + entry.tokens;
    const int choice_count = computed == sequence.known() ? 1 + entry.drafts : 0;  // the last of its rows
    const auto end = row + sequence.logit_rows(entry.tokens) + entry.drafts;
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
}

// Takes 1 to k + 1 tokens of a step with k guesses: those that were right, and the one chosen behind them.
void Stepper::accept(Sequence& sequence, std::span<RowJob> choices, int right) {
  stats_.draft_tokens += choices.size() - 1;
  stats_.draft_tokens_accepted += static_cast<uint64_t>(right);
  sequence.drafts.clear();
  for (RowJob& choice : choices.first(static_cast<size_t>(right) + 1)) {
    if (extend(sequence, choice)) return;
  }
}

// The sequence has caught up: add its next token and tell its caller. Whether it has ended.
bool Stepper::extend(Sequence& sequence, RowJob& row) {
  const bool is_first = sequence.output_count() == 0;
  if (is_first) stats_.prompt_tokens += static_cast<uint64_t>(sequence.prompt_count);
  const std::optional<TokenId> token = row.token;
  if (row.state != nullptr && !token) {
    emit(sequence).error = "no token can be chosen: the model gave no finite logit, or every token is forbidden";
    finish(sequence, FinishReason::error);
    return true;
  }
  std::optional<FinishReason> reason = FinishReason::length;  // when only the prompt was to be computed
  if (token) {
    reason = sequence.append(*token, positions_max_);
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
void Stepper::fail(const Plan& plan, const char* what) {
  log_error("a forward pass of {} sequences failed, their requests end with an error: {}", plan.size(), what);
  kv_.forget_swaps();
  for (const PlanEntry& entry : plan) {
    end(entry.sequence->id, FinishReason::error);
  }
  for (const RequestId id : scheduler_.swapped()) end(id, FinishReason::error);
  kv_.end_step();
}

}  // namespace estoc
