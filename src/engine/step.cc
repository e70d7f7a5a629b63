#include "engine/step.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "engine/kv_sizing.h"
#include "engine/stats_counting.h"

namespace estoc {
namespace {

// Prompts whose log-probabilities are asked for want logits of every row: this bounds the buffer, and the scheduler
// feeds such prompts in chunks that fit.
SchedulerLimits limits_of(const EngineConfig& config) {
  constexpr int kLogitRows = 64;
  constexpr double kMargin = 0.9;     // predictions err
  constexpr double kIdleShare = 0.5;  // of the target time to first token: a newcomer waits for the step under way
  return {.sequences_max = config.sequences_max,
          .batch_tokens_max = config.batch_tokens_max,
          .logit_rows_max = std::min(config.batch_tokens_max, std::max(config.sequences_max, kLogitRows)),
          .decode_step_s = kMargin * config.target_tbt_s,
          .idle_step_s = std::max(kIdleShare * config.target_ttft_s, kMargin * config.target_tbt_s),
          .target_ttft_s = kMargin * config.target_ttft_s,
          .policy = config.policy};
}

}  // namespace

Stepper::Stepper(Runner& runner, const EngineConfig& config, Now now)
    : runner_(runner),
      now_(now),
      queue_timeout_s_(config.queue_timeout_s),
      groups_(kv_groups_for(runner.info().state, config)),
      positions_max_(positions_max_for(groups_, config)),
      limits_(limits_of(config)),
      kv_(groups_, config.has_prefix_cache, PrefixHasher(random_hash_key())),
      times_(StepTimeModel::guess_for(runner.info(),
                                      runner.info().state.position_block_bytes(config.kv_type) / kKvBlockTokens)),
      scheduler_(kv_, times_, limits_),
      batch_(limits_, static_cast<int>(groups_.size())),
      stats_(with_buckets()) {
  runner.open({.kv_type = config.kv_type,
               .block_counts = block_counts(groups_),
               .rows_max = limits_.batch_tokens_max,
               .logit_rows_max = limits_.logit_rows_max});
}

void Stepper::step() {
  const Clock::time_point begin = now_();
  expire();
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
                .decodes = static_cast<int>(std::ranges::count_if(
                    plan, [](const PlanEntry& entry) { return entry.sequence->is_decoding(); })),
                .running = scheduler_.running_count(),
                .waiting = scheduler_.waiting_count(),
                .foreseen_s = times_.predict(work)};
  collect_rows(plan);
  runner_.submit({kv_.copies(), batch_.build(plan), rows_});
  try {
    runner_.wait();
  } catch (const std::exception& error) {
    kv_.copies().clear();
    return fail(plan, error.what());
  }
  kv_.copies().clear();
  commit(plan);
  for (int group = 0; group < kv_.group_count(); ++group) runner_.keep_ahead(group, kv_.reach(group));
  runner_.set_idle(is_idle());
  const double seconds = seconds_between(begin, now_());
  last_step_.took_s = seconds;
  times_.learn(work, seconds);
  stats_.step_s.add(seconds);
  stats_.step_rows.add(work.rows);
}

// What is wanted of each row of logits, in the order in which the builder asks for them: sequence by sequence, position
// by position.
void Stepper::collect_rows(const Plan& plan) {
  rows_.clear();
  for (const auto& [sequence, count] : plan) {
    for (int position = sequence->computed; position < sequence->computed + count; ++position) {
      if (!sequence->wants_logits(position)) continue;
      RowJob& row = rows_.emplace_back();
      if (position + 1 < sequence->known()) {
        row.token = sequence->tokens[static_cast<size_t>(position) + 1];
        row.top_logprobs = sequence->request.prompt_logprobs;
      } else if (sequence->request.tokens_max > 0) {
        row.state = &sequence->sampling;
        row.mask = sequence->mask();
        row.top_logprobs = sequence->request.sampling.logprobs;
      }
    }
  }
}

void Stepper::commit(const Plan& plan) {
  for (const auto& [sequence, count] : plan) {
    kv_.commit(sequence->kv, sequence->tokens, sequence->computed + count);
  }
  auto row = rows_.begin();
  for (const auto& [sequence, count] : plan) {
    for (int i = 0; i < count; ++i) {
      const int position = sequence->computed++;
      if (!sequence->wants_logits(position)) continue;
      if (position + 1 < sequence->known()) {
        sequence->prompt_logprobs.push_back(std::move(row->logprobs));
        ++sequence->prompt_logprob_count;
      } else {
        extend(*sequence, *row);
      }
      ++row;
    }
  }
}

// The sequence has caught up: add its next token and tell its caller.
void Stepper::extend(Sequence& sequence, RowJob& row) {
  const bool is_first = sequence.output_count() == 0;
  if (is_first) stats_.prompt_tokens += static_cast<uint64_t>(sequence.prompt_count);
  const std::optional<TokenId> token = row.token;
  if (row.state != nullptr && !token) {
    emit(sequence).error = "no token can be chosen: the model gave no finite logit, or every token is forbidden";
    return finish(sequence, FinishReason::error);
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
}

// What went wrong inside is for whoever runs the engine, not for its clients.
void Stepper::fail(const Plan& plan, const char* what) {
  log_error("a forward pass of {} sequences failed, their requests end with an error: {}", plan.size(), what);
  for (const PlanEntry& entry : plan) {
    emit(*entry.sequence).error = "the model failed while it computed this request; the server's log says more";
    finish(*entry.sequence, FinishReason::error);
  }
}

}  // namespace estoc
