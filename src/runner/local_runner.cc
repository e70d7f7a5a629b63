#include "runner/local_runner.h"

#include <utility>

#include "base/check.h"

namespace estoc {

void LocalRunner::open(const RunnerLimits& limits) {
  const auto vocab = static_cast<size_t>(info().vocab);
  scratch_ = model_.make_scratch(limits.rows_max);
  storage_.emplace(info().state, limits.kv_type, limits.block_counts);
  populator_.emplace(*storage_, limits.block_counts);
  logits_ = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(limits.logit_rows_max) * vocab);
}

void LocalRunner::submit(const StepInput& input) {
  ESTOC_CHECK(!submitted_ && input.rows.size() == input.batch.logit_rows.size());
  submitted_ = input;
}

void LocalRunner::wait() {
  ESTOC_CHECK(submitted_.has_value());
  const StepInput input = *std::exchange(submitted_, std::nullopt);
  for (const BlockCopy& copy : input.copies) storage_->copy_block(copy.from, copy.to, copy.group);
  model_.forward(input.batch, *storage_, *scratch_, logits_.get());
  readers_.run(input.rows, logits_.get(), static_cast<size_t>(info().vocab));
}

}  // namespace estoc
