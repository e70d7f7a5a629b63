// The sequences that wait to be admitted, and in which order they are.
//
// Order: who has waited longer than the ageing limit, oldest first, so that nobody starves; then by priority class;
// then those that were running already and lost their blocks; then by client, the one that has had least first; then by
// due time, which is the time of arrival plus a few times the work asked for, so that short prompts overtake long ones
// for a while and not for ever.
// Cost: while nobody comes or goes, totals() is looked up and start() takes as many looks at counters as there are
// clients; neither allocates.
// Ownership: owns its sequences; borrows the counters of the clients. Threads: one thread. Errors: none.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "engine/fair_share.h"
#include "engine/sequence.h"
#include "engine/step_time.h"
#include "engine/work_costs.h"

namespace estoc {

class WaitingQueue {
 public:
  // Sums over all that wait.
  struct Totals {
    StepWork prompts;                                     // to compute all that is known of them
    Clock::time_point oldest = Clock::time_point::max();  // arrival of those that `prompts` counts
    AskedWork asked;                                      // their prompts and expected answers
    double output_mean = 0;                               // that was expected
  };

  explicit WaitingQueue(const FairShare& shares) : shares_(shares) {}

  void add(std::unique_ptr<Sequence> sequence);
  std::unique_ptr<Sequence> remove(RequestId id);
  Sequence* find(RequestId id) const;

  // next() is the first to be admitted from now on.
  void start(Clock::time_point now);
  // The one after the last that was handed out; null after the last of all. Those handed out may have been removed.
  Sequence* next();

  const Totals& totals(double output_mean) const;
  int count() const { return static_cast<int>(entries_.size()); }
  // In the order of their coming; `visit(Sequence&)` must not add or remove.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Entry& entry : entries_) visit(*entry.sequence);
  }

  static constexpr std::chrono::seconds kAgeingLimit{30};

 private:
  struct Client {
    int waiting = 0;
    double served = 0;  // at the last start()
  };
  struct Entry {
    std::unique_ptr<Sequence> sequence;
    Client* client;  // a node of clients_, which stays where it is
  };
  struct Turn {
    std::tuple<bool, int, bool, double, Clock::time_point, RequestId> order;
    Sequence* sequence;
  };
  static Turn turn_of(const Entry& entry, Clock::time_point now);

  const FairShare& shares_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, Client> clients_;  // of those that wait
  std::vector<Turn> turns_;                          // a heap, the next one first
  mutable std::optional<Totals> totals_;             // none since the queue has changed
};

}  // namespace estoc
