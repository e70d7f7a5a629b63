#include "engine/step.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "engine/kv_sizing.h"

namespace estoc {
namespace {

// Prompts whose log-probabilities are asked for want logits of every row: this bounds the buffer, and the scheduler
// feeds such prompts in chunks that fit.
SchedulerLimits limits_of(const EngineConfig& config) {
  constexpr int kLogitRows = 64;
  return {.sequences_max = config.sequences_max,
          .batch_tokens_max = config.batch_tokens_max,
          .logit_rows_max = std::min(config.batch_tokens_max, std::max(config.sequences_max, kLogitRows))};
}

size_t vocab_of(const Model& model) { return static_cast<size_t>(model.info().vocab); }

}  // namespace

Stepper::Stepper(Model& model, const EngineConfig& config, ThreadTeam* team)
    : model_(model),
      positions_max_(positions_max_for(kv_blocks_for(model.info().kv, config), config)),
      limits_(limits_of(config)),
      pool_(kv_blocks_for(model.info().kv, config)),
      kv_(model.info().kv, config.kv_type, pool_.block_count()),
      scheduler_(pool_, limits_),
      batch_(limits_),
      readers_(team),
      logits_(std::make_unique_for_overwrite<float[]>(static_cast<size_t>(limits_.logit_rows_max) * vocab_of(model))) {}

void Stepper::step() {
  const Plan& plan = scheduler_.plan();
  if (plan.empty()) return;
  ++stats_.steps;
  for (const PlanEntry& entry : plan) {
    if (!entry.sequence->started_at) entry.sequence->started_at = Clock::now();
  }
  try {
    model_.forward(batch_.build(plan), kv_, logits_.get());
  } catch (const std::exception& error) {
    return fail(plan, error.what());
  }
  commit(plan);
}

// What is wanted of each row of logits_. They are in the order in which the builder asked for them: sequence by
// sequence, position by position.
void Stepper::collect_rows(const Plan& plan) {
  rows_.clear();
  const size_t vocab = vocab_of(model_);
  for (const auto& [sequence, count] : plan) {
    for (int position = sequence->computed; position < sequence->computed + count; ++position) {
      if (!sequence->wants_logits(position)) continue;
      RowJob& row = rows_.emplace_back();
      row.logits = {logits_.get() + (rows_.size() - 1) * vocab, vocab};
      if (position + 1 < sequence->known()) {
        row.token = sequence->tokens[static_cast<size_t>(position) + 1];
        row.top_logprobs = sequence->request.prompt_logprobs;
      } else if (sequence->request.tokens_max > 0) {
        row.state = &sequence->sampling;
        row.forbidden = sequence->forbidden();
        row.top_logprobs = sequence->request.sampling.logprobs;
      }
    }
  }
}

void Stepper::commit(const Plan& plan) {
  collect_rows(plan);
  readers_.run(rows_);
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
    sequence.last_token_at = Clock::now();
    if (is_first) sequence.first_token_at = sequence.last_token_at;
    ++stats_.output_tokens;
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

void Stepper::fail(const Plan& plan, const std::string& message) {
  log_error("a forward pass failed: {}", message);
  for (const PlanEntry& entry : plan) {
    emit(*entry.sequence).error = message;
    finish(*entry.sequence, FinishReason::error);
  }
}

}  // namespace estoc
