#include "grammar/distances.h"

#include <algorithm>
#include <queue>

#include "grammar/limits.h"

namespace estoc::grammar {

Distances::Way Distances::from(StateId state) {
  const auto found = ways_.find(state);
  if (found != ways_.end()) return found->second;
  steps_ = 0;
  Way way = search(state, kNobody);
  while (!unsettled_.empty()) {  // rules that were met first now
    settle();
    way = search(state, kNobody);
  }
  ways_[state] = way;
  return way;
}

// Bytes of the rule's shortest text as far as is known; whoever asks is asked again when that gets better.
uint32_t Distances::least(RuleId rule, RuleId asked_by) {
  const auto [found, is_new] = rules_.try_emplace(rule);
  Rule& one = found->second;
  if (is_new) {
    open_.push_back(rule);
    unsettled_.push_back(rule);
  }
  if (!one.is_final && asked_by != kNobody &&
      std::find(one.asked_by.begin(), one.asked_by.end(), asked_by) == one.asked_by.end()) {
    one.asked_by.push_back(asked_by);
  }
  return one.bytes;
}

void Distances::settle() {
  while (!open_.empty()) {
    const RuleId rule = open_.back();
    open_.pop_back();
    const uint32_t bytes = search(automaton_.start(rule), rule).bytes;
    Rule& one = rules_[rule];
    if (bytes >= one.bytes) continue;
    one.bytes = bytes;
    open_.insert(open_.end(), one.asked_by.begin(), one.asked_by.end());
  }
  for (const RuleId rule : unsettled_) rules_[rule].is_final = true;
  unsettled_.clear();
}

// Nearest first. States on the way found get their own, once nothing about it can change.
Distances::Way Distances::search(StateId from, RuleId asked_by) {
  struct Reached {
    uint32_t bytes;
    StateId before = kDeadState;
    int byte = -1;
  };
  std::unordered_map<StateId, Reached> reached{{from, {0}}};
  using Next = std::pair<uint32_t, StateId>;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> open;
  open.emplace(0, from);
  const size_t unsettled = unsettled_.size();
  StateId last = kDeadState;
  uint32_t total = kFar;
  while (!open.empty()) {
    const auto [bytes, state] = open.top();
    open.pop();
    if (bytes > reached[state].bytes) continue;
    const auto known = ways_.find(state);
    const bool ends = state == kDoneState || automaton_.info(state).accepts;
    const uint32_t rest = ends ? 0 : known != ways_.end() ? known->second.bytes : kFar;
    if (bytes + rest < total) {
      total = bytes + rest;
      last = state;
    }
    if (bytes >= total || rest != kFar) {
      if (bytes >= total) break;
      continue;
    }
    if (reached.size() > limits::kDistanceStatesMax || ++steps_ > limits::kDistanceStepsMax) break;
    const auto reach = [&](StateId next, uint32_t cost, int byte) {
      if (next == kDeadState || cost >= kFar) return;
      const auto [found, is_new] = reached.try_emplace(next, Reached{cost, state, byte});
      if (!is_new && found->second.bytes <= cost) return;
      found->second = {cost, state, byte};
      open.emplace(cost, next);
    };
    // Characters of several bytes only where there are no others: they would make many states.
    const size_t before = reached.size();
    for (int byte = 0; byte < 256; ++byte) {
      if (byte == 0x80 && (reached.size() > before || total < kFar)) break;
      reach(automaton_.step(state, static_cast<uint8_t>(byte)), bytes + 1, byte);
    }
    for (const Call& call : automaton_.closing_calls(state)) {
      reach(call.next, std::min(kFar, bytes + least(call.rule, asked_by)), -1);
    }
  }
  if (total >= kFar) return {};
  Way way{total, -1};
  // Back along the way.
  const bool is_final = unsettled_.empty() && unsettled == 0;
  if (last == from) return ways_.contains(from) ? ways_[from] : Way{total, -1};
  for (StateId at = last; at != from;) {
    const Reached& step = reached[at];
    way = {total - reached[step.before].bytes, step.byte};
    if (is_final) ways_[step.before] = way;
    at = step.before;
  }
  return way;
}

}  // namespace estoc::grammar
