#include "engine/waiting_queue.h"

#include <algorithm>
#include <tuple>

namespace estoc {

std::unique_ptr<Sequence> WaitingQueue::remove(RequestId id) {
  const auto at = std::ranges::find_if(sequences_, [id](const auto& sequence) { return sequence->id == id; });
  if (at == sequences_.end()) return nullptr;
  std::unique_ptr<Sequence> removed = std::move(*at);
  sequences_.erase(at);
  return removed;
}

Sequence* WaitingQueue::find(RequestId id) const {
  const auto at = std::ranges::find_if(sequences_, [id](const auto& sequence) { return sequence->id == id; });
  return at == sequences_.end() ? nullptr : at->get();
}

const std::vector<Sequence*>& WaitingQueue::in_order(Clock::time_point now) {
  struct Key {
    std::tuple<bool, int, bool, double, Clock::time_point, RequestId> order;
    Sequence* sequence;
  };
  std::vector<Key> keys;
  keys.reserve(sequences_.size());
  for (const auto& sequence : sequences_) {
    const bool is_aged = now - sequence->submitted_at > kAgeingLimit;
    if (is_aged) {
      keys.push_back({{false, 0, false, 0, sequence->submitted_at, sequence->id}, sequence.get()});
    } else {
      keys.push_back({{true, sequence->request.priority, sequence->preemption_count == 0,
                       clients_.served(sequence->request.client), sequence->due_at, sequence->id},
                      sequence.get()});
    }
  }
  std::ranges::sort(keys, {}, &Key::order);
  order_.clear();
  for (const Key& key : keys) order_.push_back(key.sequence);
  return order_;
}

}  // namespace estoc
