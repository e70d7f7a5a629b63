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
  logits_count_ = static_cast<size_t>(limits.logit_rows_max) * vocab;
  flights_[0].logits = std::make_unique_for_overwrite<float[]>(logits_count_);
}

bool LocalRunner::can_follow(const Batch& batch) const {
  return on_the_way_ == 1 && is_computing() && model_.can_follow(batch, *scratch_);
}

void LocalRunner::submit(const StepInput& input) {
  ESTOC_CHECK(on_the_way_ == (input.batch.chosen_rows.empty() ? 0 : 1));
  ESTOC_CHECK(input.rows.size() == input.batch.logit_rows.size());
  if (on_the_way_ == 0) first_ = 0;  // where nothing ever follows, one has to have logits
  Flight& flight = flights_[(first_ + on_the_way_++) % flights_.size()];
  flight.input = input;
  if (flight.logits == nullptr) flight.logits = std::make_unique_for_overwrite<float[]>(logits_count_);
  flight.choices.clear();
  for (const RowJob& job : input.rows) flight.choices.push_back({.draw = RowReaders::draw_of(job), .token = {}});
  try {
    copy_blocks(input);
    flight.has_begun = model_.begin(input.batch, *storage_, *scratch_, {flight.logits.get(), flight.choices});
  } catch (...) {
    flight.failure = std::current_exception();
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
  ESTOC_CHECK(on_the_way_ > 0);
  Flight& flight = flights_[first_];
  first_ = (first_ + 1) % flights_.size();
  --on_the_way_;
  if (flight.failure) std::rethrow_exception(std::exchange(flight.failure, nullptr));
  const StepInput& input = flight.input;
  readers_.fill_masks(input.rows, static_cast<size_t>(info().vocab));
  if (std::exchange(flight.has_begun, false)) {
    model_.finish(*scratch_);
  } else {
    model_.forward(input.batch, *storage_, *scratch_, {flight.logits.get(), flight.choices});
  }
  for (size_t i = 0; i < flight.choices.size(); ++i) {
    if (flight.choices[i].token) input.rows[i].token = flight.choices[i].token;
  }
  readers_.run(input.rows, flight.choices, flight.logits.get(), static_cast<size_t>(info().vocab));
}

}  // namespace estoc
