// The rows of a batch whose logits are wanted, as a smaller batch: what goes past the last layer's keys and values.
//
// What: each run of consecutive wanted rows is a sequence of its own, at its positions and over the same blocks; a
// sequence that wants no logits does not appear.
// Ownership: owns its lists, which only grow; borrows the batch's. Threads: one thread. Errors: none.
#pragma once

#include <vector>

#include "ops/rows.h"
#include "tensor/batch.h"

namespace estoc {

class SampledRows {
 public:
  void select(const Batch& batch);

  // Whether every row is wanted: then there is nothing to pick.
  bool are_all() const { return are_all_; }
  // Its rows are the wanted ones in order; all of them are logit rows.
  const Batch& batch() const { return batch_; }

  // Move the wanted rows to the front and drop the others.
  void pick(Rows& x) const;
  void pick(std::vector<float>& values, int64_t columns) const;

 private:
  Batch batch_;
  bool are_all_ = false;
  std::vector<int32_t> picked_;  // rows of the whole batch
  std::vector<TokenId> tokens_;
  std::vector<BatchSequence> sequences_;
  std::vector<int32_t> logit_rows_;
};

}  // namespace estoc
