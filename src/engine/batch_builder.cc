#include "engine/batch_builder.h"

#include <algorithm>

namespace estoc {

BatchBuilder::BatchBuilder(const SchedulerLimits& limits, int group_count) : group_count_(group_count) {
  tokens_.reserve(static_cast<size_t>(limits.batch_tokens_max));
  sequences_.reserve(static_cast<size_t>(limits.sequences_max));
  logit_rows_.reserve(static_cast<size_t>(limits.logit_rows_max));
  chosen_rows_.reserve(static_cast<size_t>(limits.sequences_max));
}

Batch BatchBuilder::build(const Plan& plan) {
  tokens_.clear();
  sequences_.clear();
  logit_rows_.clear();
  chosen_rows_.clear();
  tables_.clear();
  size_t table_blocks = 0;
  for (const PlanEntry& entry : plan) {
    table_blocks +=
        static_cast<size_t>(group_count_) * static_cast<size_t>(blocks_for(entry.position() + entry.rows()));
  }
  tables_.reserve(table_blocks);  // the batch points into it
  for (const PlanEntry& entry : plan) {
    const Sequence* const sequence = entry.sequence;
    const int position = entry.position();
    const int end = position + entry.rows();
    sequences_.push_back({.first_row = static_cast<int>(tokens_.size()),
                          .row_count = entry.rows(),
                          .position = position,
                          .blocks = tables(sequence->kv, blocks_for(end)),
                          .table_stride = blocks_for(end)});
    if (entry.is_ahead()) {
      chosen_rows_.push_back(entry.chosen_row);
      logit_rows_.push_back(static_cast<int32_t>(tokens_.size()));
      tokens_.push_back(0);  // not known yet
      continue;
    }
    for (int at = position; at < end; ++at) {
      if (sequence->wants_logits(at)) logit_rows_.push_back(static_cast<int32_t>(tokens_.size()));
      tokens_.push_back(sequence->token_at(at));
    }
  }
  return {.tokens = tokens_, .sequences = sequences_, .logit_rows = logit_rows_, .chosen_rows = chosen_rows_};
}

std::span<const BlockId> BatchBuilder::tables(const SequenceKv& kv, int block_count) {
  const auto count = static_cast<size_t>(block_count);
  if (group_count_ == 1 && kv.blocks(0).size() >= count) return kv.blocks(0).first(count);
  const size_t begin = tables_.size();
  for (int group = 0; group < group_count_; ++group) {
    const auto blocks = kv.blocks(group);  // a fixed state's is one
    tables_.insert(tables_.end(), blocks.begin(),
                   blocks.begin() + static_cast<std::ptrdiff_t>(std::min(count, blocks.size())));
    tables_.resize(begin + static_cast<size_t>(group + 1) * count, kNoBlock);
  }
  return std::span(tables_).subspan(begin);
}

}  // namespace estoc
