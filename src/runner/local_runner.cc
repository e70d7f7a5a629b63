#include "runner/local_runner.h"

#include <utility>

#include "base/check.h"

namespace estoc {

void LocalRunner::open(const RunLimits& limits) {
  const auto vocab = static_cast<size_t>(info().vocab);
  scratch_ = model_.make_scratch(limits);
  block_counts_ = limits.block_counts;
  std::vector<int> counts = limits.block_counts;
  for (size_t g = 0; g < limits.slot_counts.size(); ++g) counts[g] += limits.slot_counts[g];
  storage_.emplace(info().state, limits.kv_type, counts, info().device_layers);
  populator_.emplace(*storage_, limits.block_counts);
  logits_ = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(limits.logit_rows_max) * vocab);
}

void LocalRunner::submit(const StepInput& input) {
  ESTOC_CHECK(!submitted_ && input.rows.size() == input.batch.logit_rows.size());
  submitted_ = input;
  choices_.clear();
  for (const RowJob& job : input.rows) choices_.push_back({.draw = RowReaders::draw_of(job), .token = {}});
  try {
    copy_blocks(input);
    has_begun_ = model_.begin(input.batch, *storage_, *scratch_, {logits_.get(), choices_});
  } catch (...) {
    failure_ = std::current_exception();
  }
}

// Where main memory has blocks of the model, slots lie behind them.
void LocalRunner::copy_blocks(const StepInput& input) {
  const auto at = [&](const SwapCopy& copy) {
    return copy.slot + static_cast<BlockId>(block_counts_[static_cast<size_t>(copy.group)]);
  };
  scratch_->await_swap_in();  // of the step before
  for (const SwapCopy& copy : input.swap_outs) storage_->copy_block(copy.block, at(copy), copy.group);
  if (!input.swap_outs.empty()) scratch_->swap_out(input.swap_outs);
  for (const BlockCopy& copy : input.copies) {
    storage_->copy_block(copy.from, copy.to, copy.group);
    scratch_->copy_block(copy);
  }
  if (input.swap_ins.empty()) return;
  for (const SwapCopy& copy : input.swap_ins) storage_->copy_block(at(copy), copy.block, copy.group);
  scratch_->swap_in(input.swap_ins);
  if (input.are_swap_ins_awaited) scratch_->await_swap_in();
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
