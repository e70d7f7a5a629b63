// The sequences that wait to be admitted, and in which order they are.
//
// Order: who has waited longer than the ageing limit, oldest first, so that nobody starves; then by priority class;
// then those that were running already and lost their blocks; then by client, the one that has had least first; then by
// due time, which is the time of arrival plus a few times the work asked for, so that short prompts overtake long ones
// for a while and not for ever.
// Ownership: owns its sequences; borrows the counters of the clients. Threads: one thread. Errors: none.
#pragma once

#include <memory>
#include <vector>

#include "engine/fair_share.h"
#include "engine/sequence.h"

namespace estoc {

class WaitingQueue {
 public:
  explicit WaitingQueue(const FairShare& clients) : clients_(clients) {}

  void add(std::unique_ptr<Sequence> sequence) { sequences_.push_back(std::move(sequence)); }
  std::unique_ptr<Sequence> remove(RequestId id);
  Sequence* find(RequestId id) const;

  // All of them, the first to be admitted first. Valid until the queue changes.
  const std::vector<Sequence*>& in_order(Clock::time_point now);
  const std::vector<std::unique_ptr<Sequence>>& all() const { return sequences_; }
  int count() const { return static_cast<int>(sequences_.size()); }

  static constexpr std::chrono::seconds kAgeingLimit{30};

 private:
  const FairShare& clients_;
  std::vector<std::unique_ptr<Sequence>> sequences_;
  std::vector<Sequence*> order_;
};

}  // namespace estoc
