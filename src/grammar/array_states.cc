#include "grammar/array_states.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "grammar/json_key.h"
#include "grammar/limits.h"

namespace estoc::grammar {

ArrayStates& ArrayStates::add_to(Automaton& automaton, std::shared_ptr<SchemaShapes> shapes) {
  std::unique_ptr<ArrayStates> made(new ArrayStates(automaton, std::move(shapes)));
  ArrayStates& out = *made;
  out.source_ = automaton.add_source(std::move(made));
  return out;
}

StateId ArrayStates::intern(const Key& key) {
  const auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  keys_.push_back(key);
  const StateId id = automaton_.add_state(source_, static_cast<uint32_t>(keys_.size() - 1));
  ids_[key] = id;
  return id;
}

// From here on all places are alike.
uint64_t ArrayStates::capped(const ArrayShape& shape, uint64_t count) const {
  uint64_t most = std::max<uint64_t>(shape.first.size(), shape.least);
  if (shape.most != kNoLimit) most = std::max(most, shape.most);
  for (const auto& one : shape.counts) most = std::max(most, one.from);
  return std::min(count, most);
}

bool ArrayStates::may_end(const Key& key) const {
  const ArrayShape& rules = shape(key);
  if (key.count < rules.least) return false;
  for (size_t i = 0; i < rules.counts.size(); ++i) {
    if (key.counters[i] < rules.counts[i].least) return false;
  }
  return true;
}

bool ArrayStates::counted(const Key& key, uint32_t choice, Key& next) const {
  const ArrayShape& rules = shape(key);
  if (key.count >= rules.most) return false;
  next = key;
  next.count = capped(rules, key.count + 1);
  next.phase = Phase::item_done;
  next.blanks = 0;
  for (size_t i = 0; i < rules.counts.size(); ++i) {
    const ArrayShape::Count& one = rules.counts[i];
    if (!(choice >> i & 1)) continue;
    if (key.count < one.from || key.counters[i] >= one.most) return false;
    // Beyond the least more do not matter, unless there is a most.
    next.counters[i] = one.most == kNoLimit ? std::min(key.counters[i] + 1, one.least) : key.counters[i] + 1;
  }
  return true;
}

std::vector<uint32_t> ArrayStates::choices(const Key& key) const {
  const ArrayShape& rules = shape(key);
  uint32_t closed = 0;  // counts that an item is not chosen for: too early, or enough of them
  for (size_t i = 0; i < rules.counts.size(); ++i) {
    const ArrayShape::Count& one = rules.counts[i];
    if (key.count < one.from || (one.most == kNoLimit && key.counters[i] >= one.least)) closed |= 1u << i;
  }
  std::vector<uint32_t> out;
  for (uint32_t choice = 0; choice < 1u << rules.counts.size(); ++choice) {
    if (!(choice & closed)) out.push_back(choice);
  }
  return out;
}

size_t ArrayStates::table_index(const ArrayShape& shape, uint64_t count, const std::vector<uint64_t>& counters) const {
  size_t index = count;
  for (size_t i = 0; i < shape.counts.size(); ++i) {
    const uint64_t most = shape.counts[i].most == kNoLimit ? shape.counts[i].least : shape.counts[i].most;
    index = index * (most + 1) + counters[i];
  }
  return index;
}

// Which places and counters an end can be reached from, until nothing is added.
void ArrayStates::fill_completable(ArrayShape& rules) const {
  const uint64_t places = capped(rules, UINT64_MAX) + 1;
  uint64_t size = places;
  for (const auto& one : rules.counts) {
    size *= (one.most == kNoLimit ? one.least : one.most) + 1;
    if (size > limits::kCountStatesMax) {
      fail(ErrorCode::unsupported, "contains: the bounds of items to count are too large to be kept together");
    }
  }
  rules.completable.assign(size, false);
  const auto index = static_cast<uint32_t>(&rules - shapes_->arrays.data());
  for (bool has_changed = true; has_changed;) {
    has_changed = false;
    for (uint64_t at = size; at-- > 0;) {
      if (rules.completable[at]) continue;
      Key key{.shape = index, .phase = Phase::item_done};
      uint64_t rest = at;
      key.counters.resize(rules.counts.size());
      for (size_t i = rules.counts.size(); i-- > 0;) {
        const uint64_t most = (rules.counts[i].most == kNoLimit ? rules.counts[i].least : rules.counts[i].most) + 1;
        key.counters[i] = rest % most;
        rest /= most;
      }
      key.count = rest;
      bool is_good = may_end(key);
      for (const uint32_t choice : choices(key)) {
        Key next;
        if (is_good || !shapes_->is_possible(rules.place(key.count).by_choice[choice])) continue;
        if (counted(key, choice, next)) is_good = rules.completable[table_index(rules, next.count, next.counters)];
      }
      if (is_good) rules.completable[at] = has_changed = true;
    }
  }
}

// Whether items that are still needed can be found.
bool ArrayStates::is_completable(const Key& key) const {
  const ArrayShape& rules = shape(key);
  if (key.count > rules.most) return false;
  if (rules.is_unique) return is_completable_unique(key);
  if (!rules.counts.empty()) return rules.completable[table_index(rules, key.count, key.counters)];
  for (uint64_t at = key.count; at < rules.least; ++at) {
    if (!shapes_->is_possible(rules.place(at).by_choice[0])) return false;
    if (at >= rules.first.size()) break;  // the rest are alike
  }
  return rules.least <= rules.most;
}

// Places without endless values need different ones of their few: a matching, found by augmenting paths.
bool ArrayStates::is_completable_unique(const Key& key) const {
  const ArrayShape& rules = shape(key);
  std::map<std::string, size_t> taken_by;
  std::vector<uint64_t> places;
  for (uint64_t at = key.count; at < rules.least; ++at) {
    const ArrayShape::Place& place = rules.place(at);
    if (!place.is_endless) places.push_back(at);
    if (at >= rules.first.size() && place.is_endless) break;
    if (places.size() > limits::kFewMax) return false;
  }
  for (size_t i = 0; i < places.size(); ++i) {
    std::set<std::string> tried;
    const std::function<bool(size_t)> find = [&](size_t one) {
      for (const auto& [value, rule] : rules.place(places[one]).few) {
        if (seen_.contains(key.seen, value) || !tried.insert(value).second) continue;
        const auto taken = taken_by.find(value);
        if (taken == taken_by.end() || find(taken->second)) {
          taken_by[value] = one;
          return true;
        }
      }
      return false;
    };
    if (!find(i)) return false;
  }
  return true;
}

bool ArrayStates::has_next(const Key& key) const {
  const ArrayShape& rules = shape(key);
  if (key.count >= rules.most) return false;
  const ArrayShape::Place& place = rules.place(key.count);
  Key next;
  if (rules.is_unique) {
    counted(key, 0, next);
    if (place.is_endless && is_completable_unique(next)) return true;
    // Which of the few is taken may matter for what comes; describe() asks for each.
    return std::any_of(place.few.begin(), place.few.end(),
                       [&](const auto& one) { return !seen_.contains(key.seen, one.first); });
  }
  for (const uint32_t choice : choices(key)) {
    if (!shapes_->is_possible(place.by_choice[choice])) continue;
    if (counted(key, choice, next) && is_completable(next)) return true;
  }
  return false;
}

bool ArrayStates::is_possible(uint32_t index) {
  ArrayShape& rules = shapes_->arrays[index];
  if (!rules.counts.empty()) fill_completable(rules);
  Key key{.shape = index, .counters = std::vector<uint64_t>(rules.counts.size())};
  return is_completable(key);
}

StateId ArrayStates::start(uint32_t index) {
  return intern({.shape = index, .counters = std::vector<uint64_t>(shapes_->arrays[index].counts.size())});
}

StateInfo ArrayStates::describe(uint32_t payload) {
  const Key key = keys_[payload];
  StateInfo out;
  if (key.phase != Phase::first && key.phase != Phase::next) return out;
  const ArrayShape& rules = shape(key);
  if (key.count >= rules.most) return out;
  const ArrayShape::Place& place = rules.place(key.count);
  Key next;
  if (rules.is_unique) {
    counted(key, 0, next);
    if (place.is_endless && is_completable_unique(next)) {
      next.seen = SeenKeys::kUnknown;  // after() knows
      const StateId id = intern(next);
      for (const RuleId rule : place.endless) out.calls.push_back({rule, id, true});
    }
    for (const auto& [value, rule] : place.few) {
      if (seen_.contains(key.seen, value)) continue;
      Key with = next;
      with.seen = seen_.add(key.seen, value);
      if (is_completable_unique(with)) out.calls.push_back({rule, intern(with), false});
    }
    return out;
  }
  for (const uint32_t choice : choices(key)) {
    const ValueId value = place.by_choice[choice];
    if (!shapes_->is_possible(value) || !counted(key, choice, next) || !is_completable(next)) continue;
    const StateId id = intern(next);
    for (const RuleId rule : shapes_->values[value].rules) out.calls.push_back({rule, id, false});
  }
  return out;
}

StateId ArrayStates::step(uint32_t payload, uint8_t byte) {
  Key key = keys_[payload];
  if (key.phase != Phase::open && shapes_->is_blank(byte)) {
    return ++key.blanks > limits::kBlanksMax ? kDeadState : intern(key);
  }
  key.blanks = 0;
  switch (key.phase) {
    case Phase::open:
      if (byte != '[') return kDeadState;
      key.phase = Phase::first;
      return intern(key);
    case Phase::first:
      return byte == ']' && may_end(key) ? kDoneState : kDeadState;
    case Phase::item_done:
      if (byte == ']') return may_end(key) ? kDoneState : kDeadState;
      if (byte != ',' || !has_next(key)) return kDeadState;
      key.phase = Phase::next;
      // Only a state from which some item is allowed.
      return automaton_.info(intern(key)).calls.empty() ? kDeadState : intern(key);
    case Phase::next:
      return kDeadState;
  }
  return kDeadState;
}

StateId ArrayStates::after(uint32_t payload, const Call& call, std::string_view text) {
  const Key key = keys_[payload];
  if (!call.reads_text) return call.next;
  const std::string value = json_key(parse_json(text));
  if (key.seen == SeenKeys::kUnknown || seen_.contains(key.seen, value)) return kDeadState;
  Key next;
  if (!counted(key, 0, next)) return kDeadState;
  next.seen = seen_.add(key.seen, value);
  return is_completable_unique(next) ? intern(next) : kDeadState;
}

// A later place needs one of its few values.
bool ArrayStates::is_choosy(const Key& key) const {
  const ArrayShape& rules = shape(key);
  for (uint64_t at = key.count + 1; at < rules.least && at <= rules.first.size(); ++at) {
    if (!rules.place(at).is_endless) return true;
  }
  return false;
}

bool ArrayStates::may_reject(uint32_t payload, const Call&, std::string_view begun) {
  // A string has one spelling here, other values may have several.
  const Key& key = keys_[payload];
  if (!begun.starts_with('"') || key.seen == SeenKeys::kUnknown) return true;
  return seen_.has_beginning(key.seen, begun) || is_choosy(key);
}

bool ArrayStates::list_rejected(uint32_t payload, const Call&, std::string_view begun, std::vector<std::string>& out) {
  const Key& key = keys_[payload];
  if (!begun.starts_with('"') || key.seen == SeenKeys::kUnknown || is_choosy(key)) return false;
  seen_.list_endings(key.seen, begun, out);
  return true;
}

}  // namespace estoc::grammar
