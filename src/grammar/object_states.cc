#include "grammar/object_states.h"

#include <algorithm>

#include "base/json.h"
#include "grammar/limits.h"

namespace estoc::grammar {

ObjectStates& ObjectStates::add_to(Grammar& grammar, std::shared_ptr<SchemaShapes> shapes) {
  std::unique_ptr<ObjectStates> made(new ObjectStates(grammar, std::move(shapes)));
  ObjectStates& out = *made;
  out.source_ = grammar.automaton.add_source(std::move(made));
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
  if (!may_have_more(key)) return out;
  const std::vector<ObjectShape::Name>& names = shape(key).names;
  for (size_t i = 0; i < names.size(); ++i) {
    add_name(key, i, out.calls);
    const bool has_to_come = names[i].is_required && !shapes_->any_property_order && is_open(key, i);
    if (has_to_come) return out;  // what stands behind it has to wait
  }
  add_kinds(key, out.calls);
  return out;
}

bool ObjectStates::may_have_more(const Key& key) const {
  const ObjectShape& rules = shape(key);
  if (key.phase != Phase::first && key.phase != Phase::next) return false;
  return rules.most == kNoLimit || key.count < rules.most;
}

void ObjectStates::add_name(const Key& key, size_t name, std::vector<Call>& out) {
  if (!is_open(key, name)) return;
  Key next = counted(key);
  if (shapes_->any_property_order) {
    next.used[name / 64] |= uint64_t{1} << (name % 64);
  } else {
    next.position = static_cast<uint32_t>(name + 1);
  }
  const ObjectShape::Name& one = shape(key).names[name];
  add_calls(key, one.key, one.some, one.by_choice, next, false, out);
}

void ObjectStates::add_kinds(const Key& key, std::vector<Call>& out) {
  const ObjectShape& rules = shape(key);
  for (const ObjectShape::Kind& kind : rules.kinds) {
    Key next = counted(key);
    if (!shapes_->any_property_order) next.position = static_cast<uint32_t>(rules.names.size());
    next.seen = SeenKeys::kUnknown;  // after() knows
    const RuleId names = kind.could_run_out ? rule_without(kind, key.seen) : kind.key;
    if (automaton_.start(names) != kDeadState) add_calls(key, names, kind.some, kind.by_choice, next, true, out);
  }
}

// Names that were not seen, so that a beginning which only those have is not one.
RuleId ObjectStates::rule_without(const ObjectShape::Kind& kind, SeenKeys::Id seen) {
  if (seen == SeenKeys::kNone || seen == SeenKeys::kUnknown) return kind.key;
  const auto found = without_.find({kind.key, seen});
  if (found != without_.end()) return found->second;
  std::vector<std::string> names;
  seen_.list_endings(seen, "", names);
  for (std::string& name : names) name = parse_json(name).as_string();
  RegexArena& arena = grammar_.arena;
  const RegexId used = arena.one_of({names.begin(), names.end()});
  const StateId start = grammar_.texts.start(arena.both({kind.names, arena.complement(used)}), TextForm::json);
  const RuleId rule = automaton_.add_rule();
  automaton_.set_start(rule, start);
  return without_[{kind.key, seen}] = rule;
}

// In any order there are as many ways as there are orders: what is required comes first, and then any name while some
// are missing.
std::vector<Call> ObjectStates::closing_calls(uint32_t payload) {
  const Key key = keys_[payload];
  if (!shapes_->any_property_order || key.waiting || !may_have_more(key)) return describe(payload).calls;
  std::vector<Call> out;
  const std::vector<ObjectShape::Name>& names = shape(key).names;
  for (size_t i = 0; i < names.size() && out.empty(); ++i) {
    if (names[i].is_required) add_name(key, i, out);
  }
  if (!out.empty() || may_end(key)) return out;
  add_kinds(key, out);
  for (size_t i = 0; i < names.size() && out.empty(); ++i) add_name(key, i, out);
  return out;
}

StateId ObjectStates::step(uint32_t payload, uint8_t byte) {
  Key key = keys_[payload];
  if (key.phase != Phase::open && shapes_->is_blank(byte)) {
    return ++key.blanks > limits::kBlanksMax ? kDeadState : intern(key);
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
  return shape(keys_[payload]).could_run_out || seen == SeenKeys::kUnknown || seen_.has_beginning(seen, begun);
}

bool ObjectStates::list_rejected(uint32_t payload, const Call&, std::string_view begun, std::vector<std::string>& out) {
  const SeenKeys::Id seen = keys_[payload].seen;
  if (seen == SeenKeys::kUnknown || shape(keys_[payload]).could_run_out) return false;
  seen_.list_endings(seen, begun, out);
  return true;
}

StateId ObjectStates::without_memory(uint32_t payload) {
  Key key = keys_[payload];
  if (key.seen == SeenKeys::kNone || shape(key).could_run_out) return kDeadState;
  key.seen = SeenKeys::kUnknown;
  return intern(key);
}

}  // namespace estoc::grammar
