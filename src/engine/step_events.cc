// How the events of a step are made and reach their callers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "engine/stats_counting.h"
#include "engine/step.h"

namespace estoc {

void Stepper::add(std::unique_ptr<Sequence> sequence) { scheduler_.add(std::move(sequence)); }

Event& Stepper::emit(Sequence& sequence) {
  Event event{.request = sequence.id};
  event.prompt_tokens = sequence.prompt_count;
  event.cached_tokens = sequence.cached_count;
  event.output_tokens = sequence.output_count();
  event.times = sequence.times(now_());
  outbox_.push_back({&sequence, std::move(event)});
  return outbox_.back().event;
}

// Makes the event just emitted the sequence's last one, and frees its blocks.
void Stepper::finish(Sequence& sequence, FinishReason reason) {
  Event& last = outbox_.back().event;
  last.finish = reason;
  forget(sequence);
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
    case FinishReason::completed:
      ++stats_.requests_done;
      count_times(stats_, last.times);
      scheduler_.learn_output(last.output_tokens);
      break;
  }
}

void Stepper::end(RequestId id, FinishReason reason) {
  Sequence* const sequence = scheduler_.find(id);
  if (sequence == nullptr) return;
  Event& last = emit(*sequence);
  if (reason == FinishReason::error) {
    last.error = "the model failed while it computed this request; the server's log says more";
  }
  finish(*sequence, reason);
}

void Stepper::end_all(FinishReason reason) {
  std::vector<RequestId> ids;
  scheduler_.for_each([&](const Sequence& sequence) { ids.push_back(sequence.id); });
  for (const RequestId id : ids) end(id, reason);
}

bool Stepper::is_late(const Sequence& sequence, Clock::time_point now) const {
  return sequence.deadline() && now >= *sequence.deadline();
}

bool Stepper::is_stale(const Sequence& sequence, Clock::time_point now) const {
  return !sequence.started_at && queue_timeout_s_ > 0 &&
         seconds_between(sequence.submitted_at, now) >= queue_timeout_s_;
}

void Stepper::expire() {
  const Clock::time_point now = now_();
  late_.clear();
  scheduler_.for_each([&](Sequence& sequence) {
    if (is_late(sequence, now) || is_stale(sequence, now)) late_.push_back(&sequence);
  });
  for (Sequence* sequence : late_) {
    Event& event = emit(*sequence);
    event.error = is_late(*sequence, now)
                      ? fmt::format("the request's timeout of {} ms has passed after {} of its tokens",
                                    sequence->request.timeout.count(), sequence->output_count())
                      : fmt::format("the request waited {:.0f} s without being started",
                                    seconds_between(sequence->submitted_at, now));
    if (!sequence->started_at)
      event.retry_after_s = std::max(1, static_cast<int>(std::ceil(scheduler_.queue_work_s())));
    finish(*sequence, FinishReason::timeout);
  }
}

// The sequences of the plan stay where they are until it is computed.
void Stepper::deliver_meanwhile() {
  has_device_ = runner_.is_computing();
  if (!has_device_) return;
  is_computing_ = true;
  deliver();
  is_computing_ = false;
}

void Stepper::end_broken() {
  for (const RequestId id : broken_) end(id, FinishReason::cancelled);
  broken_.clear();
}

int Stepper::deliver() {
  if (outbox_.empty()) return 0;
  const Clock::time_point begin = now_();
  int throw_count = 0;
  // Cancelling the request of a sink that threw adds its last event behind the others.
  for (size_t i = 0; i < outbox_.size(); ++i) {
    Sequence& sequence = *outbox_[i].sequence;
    try {
      sequence.sink(std::move(outbox_[i].event));
    } catch (...) {
      log_error("the event sink of request {} threw; the request is cancelled", sequence.id);
      if (is_computing_)
        broken_.push_back(sequence.id);
      else
        end(sequence.id, FinishReason::cancelled);
      ++throw_count;
    }
  }
  outbox_.clear();
  finished_.clear();
  stats_.deliver_s += seconds_between(begin, now_());
  return throw_count;
}

const EngineStats& Stepper::stats() {
  stats_.running = scheduler_.running_count();
  stats_.waiting = scheduler_.waiting_count();
  stats_.kv_blocks = kv_.block_count();
  stats_.kv_blocks_used = kv_.used_count();
  stats_.kv_blocks_cached = kv_.cached_count();
  stats_.preemptions = scheduler_.preemption_count();
  stats_.preemptions_kept = scheduler_.kept_count();
  stats_.swap_blocks = kv_.slot_count();
  stats_.swap_blocks_used = kv_.slots_used();
  stats_.swap_blocks_out = kv_.swapped_out();
  stats_.swap_blocks_in = kv_.swapped_in();
  stats_.queue_work_s = scheduler_.queue_work_s();
  stats_.prefix_tokens = scheduler_.prefix_tokens();
  stats_.prefix_tokens_cached = scheduler_.prefix_tokens_cached();
  return stats_;
}

}  // namespace estoc
