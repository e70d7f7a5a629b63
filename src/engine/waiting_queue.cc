#include "engine/waiting_queue.h"

#include <algorithm>
#include <functional>

namespace estoc {

void WaitingQueue::add(std::unique_ptr<Sequence> sequence) {
  Client& client = clients_[sequence->request.client];
  ++client.waiting;
  entries_.push_back({std::move(sequence), &client});
  totals_.reset();
}

std::unique_ptr<Sequence> WaitingQueue::remove(RequestId id) {
  const auto at = std::ranges::find_if(entries_, [id](const Entry& entry) { return entry.sequence->id == id; });
  if (at == entries_.end()) return nullptr;
  std::unique_ptr<Sequence> removed = std::move(at->sequence);
  if (--at->client->waiting == 0) clients_.erase(removed->request.client);
  entries_.erase(at);
  totals_.reset();
  return removed;
}

Sequence* WaitingQueue::find(RequestId id) const {
  const auto at = std::ranges::find_if(entries_, [id](const Entry& entry) { return entry.sequence->id == id; });
  return at == entries_.end() ? nullptr : at->sequence.get();
}

WaitingQueue::Turn WaitingQueue::turn_of(const Entry& entry, Clock::time_point now) {
  Sequence& sequence = *entry.sequence;
  if (now - sequence.submitted_at > kAgeingLimit) {
    return {{false, 0, false, 0, sequence.submitted_at, sequence.id}, &sequence};
  }
  return {{true, sequence.request.priority, sequence.preemption_count == 0, entry.client->served, sequence.due_at,
           sequence.id},
          &sequence};
}

// Mostly few of them are asked for, so they are not sorted.
void WaitingQueue::start(Clock::time_point now) {
  for (auto& [name, client] : clients_) client.served = shares_.served(name);
  turns_.clear();
  for (const Entry& entry : entries_) turns_.push_back(turn_of(entry, now));
  std::ranges::make_heap(turns_, std::greater{}, &Turn::order);
}

Sequence* WaitingQueue::next() {
  if (turns_.empty()) return nullptr;
  std::ranges::pop_heap(turns_, std::greater{}, &Turn::order);
  Sequence* const sequence = turns_.back().sequence;
  turns_.pop_back();
  return sequence;
}

const WaitingQueue::Totals& WaitingQueue::totals(double output_mean) const {
  if (totals_ && totals_->output_mean == output_mean) return *totals_;
  totals_ = {.output_mean = output_mean};
  for_each([&](const Sequence& sequence) {
    totals_->asked.add(sequence.request, sequence.known(), sequence.computed, sequence.output_count(), output_mean);
    if (!sequence.is_reading()) return;
    totals_->prompts.add_rows(sequence.computed, sequence.remaining());
    totals_->prompts.logit_rows += sequence.logit_rows(sequence.remaining());
    totals_->oldest = std::min(totals_->oldest, sequence.submitted_at);
  });
  return *totals_;
}

}  // namespace estoc
