#include "engine/batch_builder.h"

namespace estoc {

BatchBuilder::BatchBuilder(const SchedulerLimits& limits) {
  tokens_.reserve(static_cast<size_t>(limits.batch_tokens_max));
  sequences_.reserve(static_cast<size_t>(limits.sequences_max));
  logit_rows_.reserve(static_cast<size_t>(limits.logit_rows_max));
}

Batch BatchBuilder::build(const Plan& plan) {
  tokens_.clear();
  sequences_.clear();
  logit_rows_.clear();
  for (const auto& [sequence, count] : plan) {
    const int position = sequence->computed;
    const int end = position + count;
    sequences_.push_back({.first_row = static_cast<int>(tokens_.size()),
                          .row_count = count,
                          .position = position,
                          .blocks = sequence->table.blocks().first(static_cast<size_t>(blocks_for(end)))});
    for (int at = position; at < end; ++at) {
      if (sequence->wants_logits(at)) logit_rows_.push_back(static_cast<int32_t>(tokens_.size()));
      tokens_.push_back(sequence->tokens[static_cast<size_t>(at)]);
    }
  }
  return {.tokens = tokens_, .sequences = sequences_, .logit_rows = logit_rows_};
}

}  // namespace estoc
