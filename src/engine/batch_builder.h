// Makes a plan flat for the model: token ids, positions, block tables, rows whose logits are wanted.
//
// Ownership: owns the flat arrays, reserved once; the Batch borrows them and the plan's sequences until the next build.
// Threads: one thread. Errors: none.
#pragma once

#include <vector>

#include "engine/scheduler.h"
#include "tensor/batch.h"

namespace estoc {

class BatchBuilder {
 public:
  BatchBuilder(const SchedulerLimits& limits, int group_count);

  // Rows follow the order of the plan.
  Batch build(const Plan& plan);

 private:
  std::span<const BlockId> tables(const SequenceKv& kv, int block_count);

  std::vector<TokenId> tokens_;
  std::vector<BatchSequence> sequences_;
  std::vector<int32_t> logit_rows_;
  std::vector<int32_t> chosen_rows_;
  std::vector<BlockId> tables_;  // with several groups: each sequence's tables one behind the other
  const int group_count_;
};

}  // namespace estoc
