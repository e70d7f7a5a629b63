// How the events of a step are made and reach their callers.
#include <algorithm>

#include "base/log.h"
#include "engine/step.h"

namespace estoc {

Event& Stepper::emit(Sequence& sequence) {
  Event event{.request = sequence.id};
  event.prompt_tokens = sequence.prompt_count;
  event.output_tokens = sequence.output_count();
  event.times = sequence.times(Clock::now());
  outbox_.push_back({&sequence, std::move(event)});
  return outbox_.back().event;
}

// Makes the event just emitted the sequence's last one, and frees its blocks.
void Stepper::finish(Sequence& sequence, FinishReason reason) {
  outbox_.back().event.finish = reason;
  finished_.push_back(scheduler_.remove(sequence.id));
  switch (reason) {
    case FinishReason::cancelled:
      ++stats_.requests_cancelled;
      break;
    case FinishReason::timeout:
      ++stats_.requests_timed_out;
      break;
    case FinishReason::error:
      ++stats_.requests_failed;
      break;
    case FinishReason::stop:
    case FinishReason::length:
      ++stats_.requests_done;
      break;
  }
}

void Stepper::cancel(RequestId id) {
  Sequence* const sequence = scheduler_.find(id);
  if (sequence == nullptr) return;
  emit(*sequence);
  finish(*sequence, FinishReason::cancelled);
}

void Stepper::cancel_all() {
  for (const RequestId id : scheduler_.ids()) cancel(id);
}

void Stepper::deliver() {
  // Cancelling the request of a sink that threw adds its last event behind the others.
  for (size_t i = 0; i < outbox_.size(); ++i) {
    Sequence& sequence = *outbox_[i].sequence;
    try {
      sequence.sink(std::move(outbox_[i].event));
    } catch (...) {
      log_error("the event sink of request {} threw; the request is cancelled", sequence.id);
      cancel(sequence.id);
    }
  }
  outbox_.clear();
  finished_.clear();
}

EngineStats Stepper::stats() const {
  EngineStats stats = stats_;
  stats.running = scheduler_.running_count();
  stats.waiting = scheduler_.waiting_count();
  stats.kv_blocks = pool_.block_count();
  stats.kv_blocks_used = pool_.used_count();
  stats.preemptions = scheduler_.preemption_count();
  return stats;
}

}  // namespace estoc
