#include "grammar/object_states.h"

#include <algorithm>

#include "grammar/limits.h"

namespace estoc::grammar {

ObjectStates& ObjectStates::add_to(Automaton& automaton, std::shared_ptr<SchemaShapes> shapes) {
  std::unique_ptr<ObjectStates> made(new ObjectStates(automaton, std::move(shapes)));
  ObjectStates& out = *made;
  out.source_ = automaton.add_source(std::move(made));
  return out;
}

StateId ObjectStates::intern(const Key& key) {
  const auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  keys_.push_back(key);
  const StateId id = automaton_.add_state(source_, static_cast<uint32_t>(keys_.size() - 1));
  ids_[key] = id;
  return id;
}

ObjectStates::Key ObjectStates::fresh(uint32_t index) const {
  const ObjectShape& rules = shapes_->objects[index];
  Key out{.shape = index, .waiting = (1u << rules.some_count) - 1};
  if (shapes_->any_property_order) out.used.resize((rules.names.size() + 63) / 64);
  return out;
}

bool ObjectStates::is_open(const Key& key, size_t name) const {
  if (shapes_->any_property_order) return !(key.used[name / 64] >> (name % 64) & 1);
  return name >= key.position;
}

bool ObjectStates::may_end(const Key& key) const {
  const ObjectShape& rules = shape(key);
  if (key.waiting || key.count < rules.least) return false;
  for (size_t i = 0; i < rules.names.size(); ++i) {
    if (rules.names[i].is_required && is_open(key, i)) return false;
  }
  return true;
}

bool ObjectStates::is_kind_possible(const ObjectShape& rules) const {
  return std::any_of(rules.kinds.begin(), rules.kinds.end(),
                     [&](const ObjectShape::Kind& kind) { return shapes_->is_possible(kind.by_choice[0]); });
}

// Whether what is required, waited for and counted can still come.
bool ObjectStates::is_completable(const Key& key) const {
  const ObjectShape& rules = shape(key);
  uint64_t needed = 0, possible = 0;
  uint32_t by_needed = 0, by_names = 0;  // rules for "some property" that one of these names may satisfy
  for (size_t i = 0; i < rules.names.size(); ++i) {
    if (!is_open(key, i)) continue;
    const ObjectShape::Name& name = rules.names[i];
    const bool is_possible = shapes_->is_possible(name.by_choice[0]);
    if (name.is_required && !is_possible) return false;
    needed += name.is_required;
    possible += is_possible;
    for (uint32_t s = 0; s < rules.some_count; ++s) {
      if (!(name.some >> s & 1) || !shapes_->is_possible(name.by_choice[1u << s])) continue;
      by_names |= 1u << s;
      if (name.is_required) by_needed |= 1u << s;
    }
  }
  for (const ObjectShape::Kind& kind : rules.kinds) {
    for (uint32_t s = 0; s < rules.some_count; ++s) {
      if (kind.some >> s & 1 && shapes_->is_possible(kind.by_choice[1u << s])) by_names |= 1u << s;
    }
  }
  if (key.waiting & ~by_names) return false;
  if (key.waiting & ~by_needed) ++needed;  // the compiler allows a most only beside a single such rule
  if (rules.most != kNoLimit && key.count + needed > rules.most) return false;
  return is_kind_possible(rules) || key.count + possible >= rules.least;
}

bool ObjectStates::is_possible(uint32_t index) const { return is_completable(fresh(index)); }

StateId ObjectStates::start(uint32_t index) { return intern(fresh(index)); }

ObjectStates::Key ObjectStates::counted(const Key& key) const {
  const ObjectShape& rules = shape(key);
  Key next = key;
  next.phase = Phase::key_done;
  next.blanks = 0;
  const uint64_t most = rules.most == kNoLimit ? rules.least : rules.most;
  next.count = std::min(key.count + 1, most);
  return next;
}

void ObjectStates::add_calls(const Key& key, RuleId rule, uint32_t some, const std::vector<ValueId>& by_choice,
                             const Key& next, bool reads_text, std::vector<Call>& out) {
  const uint32_t open = some & key.waiting;
  for (uint32_t choice = open;; choice = (choice - 1) & open) {  // all subsets
    if (shapes_->is_possible(by_choice[choice])) {
      Key with = next;
      with.waiting &= ~choice;
      with.value = by_choice[choice];
      if (is_completable(with)) out.push_back({rule, intern(with), reads_text});
    }
    if (choice == 0) return;
  }
}

StateInfo ObjectStates::describe(uint32_t payload) {
  const Key key = keys_[payload];
  StateInfo out;
  if (key.phase == Phase::value) {
    Key next = key;
    next.phase = Phase::value_done;
    next.blanks = 0;
    next.value = kNoValue;
    const StateId id = intern(next);
    for (const RuleId rule : shapes_->values[key.value].rules) out.calls.push_back({rule, id, false});
    return out;
  }
  if (key.phase != Phase::first && key.phase != Phase::next) return out;
  const ObjectShape& rules = shape(key);
  if (rules.most != kNoLimit && key.count >= rules.most) return out;
  for (size_t i = 0; i < rules.names.size(); ++i) {
    if (!is_open(key, i)) continue;
    Key next = counted(key);
    if (shapes_->any_property_order) {
      next.used[i / 64] |= uint64_t{1} << (i % 64);
    } else {
      next.position = static_cast<uint32_t>(i + 1);
    }
    add_calls(key, rules.names[i].key, rules.names[i].some, rules.names[i].by_choice, next, false, out.calls);
  }
  for (const ObjectShape::Kind& kind : rules.kinds) {
    Key next = counted(key);
    if (!shapes_->any_property_order) next.position = static_cast<uint32_t>(rules.names.size());
    next.seen = SeenKeys::kUnknown;  // after() knows
    add_calls(key, kind.key, kind.some, kind.by_choice, next, true, out.calls);
  }
  return out;
}

StateId ObjectStates::step(uint32_t payload, uint8_t byte) {
  Key key = keys_[payload];
  if (shapes_->allows_blanks && key.phase != Phase::open &&
      (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r')) {
    if (key.blanks >= limits::kBlanksMax) return kDeadState;
    ++key.blanks;
    return intern(key);
  }
  key.blanks = 0;
  switch (key.phase) {
    case Phase::open:
      if (byte != '{') return kDeadState;
      key.phase = Phase::first;
      return intern(key);
    case Phase::first:
      return byte == '}' && may_end(key) ? kDoneState : kDeadState;
    case Phase::key_done:
      if (byte != ':') return kDeadState;
      key.phase = Phase::value;
      return intern(key);
    case Phase::value_done: {
      if (byte == '}') return may_end(key) ? kDoneState : kDeadState;
      if (byte != ',') return kDeadState;
      key.phase = Phase::next;
      const StateId next = intern(key);
      return automaton_.info(next).calls.empty() ? kDeadState : next;
    }
    default:
      return kDeadState;
  }
}

StateId ObjectStates::after(uint32_t payload, const Call& call, std::string_view text) {
  const SeenKeys::Id seen = keys_[payload].seen;
  if (!call.reads_text) return call.next;
  // Behind a name that nobody remembers (two names in a token that is only tried) none can be told to be new.
  if (seen == SeenKeys::kUnknown || seen_.contains(seen, text)) return kDeadState;
  Key next = keys_[automaton_.payload_of(call.next)];
  next.seen = seen_.add(seen, text);
  return intern(next);
}

bool ObjectStates::may_reject(uint32_t payload, const Call&, std::string_view begun) {
  const SeenKeys::Id seen = keys_[payload].seen;
  return seen == SeenKeys::kUnknown || seen_.has_beginning(seen, begun);
}

StateId ObjectStates::without_memory(uint32_t payload) {
  Key key = keys_[payload];
  if (key.seen == SeenKeys::kNone) return kDeadState;
  key.seen = SeenKeys::kUnknown;
  return intern(key);
}

}  // namespace estoc::grammar
