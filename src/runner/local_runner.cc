#include "runner/local_runner.h"

#include <utility>

#include "base/check.h"

namespace estoc {

void LocalRunner::open(const RunLimits& limits) {
  const auto vocab = static_cast<size_t>(info().vocab);
  scratch_ = model_.make_scratch(limits);
  storage_.emplace(info().state, limits.kv_type, limits.block_counts, info().device_layers);
  populator_.emplace(*storage_, limits.block_counts);
  logits_ = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(limits.logit_rows_max) * vocab);
}

void LocalRunner::submit(const StepInput& input) {
  ESTOC_CHECK(!submitted_ && input.rows.size() == input.batch.logit_rows.size());
  submitted_ = input;
  choices_.clear();
  for (const RowJob& job : input.rows) choices_.push_back({.draw = RowReaders::draw_of(job), .token = {}});
  try {
    for (const BlockCopy& copy : input.copies) {
      storage_->copy_block(copy.from, copy.to, copy.group);
      scratch_->copy_block(copy);
    }
    has_begun_ = model_.begin(input.batch, *storage_, *scratch_, {logits_.get(), choices_});
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void LocalRunner::wait() {
  ESTOC_CHECK(submitted_.has_value());
  const StepInput input = *std::exchange(submitted_, std::nullopt);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (std::exchange(has_begun_, false)) {
    model_.finish(*scratch_);
  } else {
    model_.forward(input.batch, *storage_, *scratch_, {logits_.get(), choices_});
  }
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (choices_[i].token) input.rows[i].token = choices_[i].token;
  }
  readers_.run(input.rows, choices_, logits_.get(), static_cast<size_t>(info().vocab));
}

}  // namespace estoc
