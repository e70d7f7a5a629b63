#include "grammar/schema_values.h"

#include <algorithm>

#include "base/error.h"
#include "grammar/json_key.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

constexpr size_t kCountsMax = 4;  // in one array or object: what an item counts for is tried in all combinations
constexpr size_t kKindsMax = 64;  // of names in one object

std::shared_ptr<SchemaShapes> make_shapes(const SchemaOptions& options) {
  auto out = std::make_shared<SchemaShapes>();
  out->allows_blanks = options.allows_blanks;
  out->any_property_order = options.any_property_order;
  return out;
}

}  // namespace

SchemaValues::SchemaValues(SchemaAlgebra& algebra)
    : algebra_(algebra),
      grammar_(algebra.grammar()),
      shapes_(make_shapes(algebra.options())),
      arrays_(ArrayStates::add_to(grammar_.automaton, shapes_)),
      objects_(ObjectStates::add_to(grammar_, shapes_)) {}

std::string SchemaValues::where(const Conj& conj) const {
  if (conj.empty()) return "the root";
  const std::string& path = algebra_.schema_of(conj[0]).path;
  return path.empty() ? "the root" : path;
}

std::vector<RuleId> SchemaValues::compile(const Conj& conj) {
  const ValueId root = value(conj);
  if (root == kNoValue) fail(ErrorCode::invalid_argument, "no value at all satisfies the schema");
  for (ValueId id = 0; id < values_.size(); ++id) describe(id);
  find_possible();
  if (!shapes_->values[root].is_possible) fail(ErrorCode::invalid_argument, "no value at all satisfies the schema");
  for (uint32_t i = 0; i < shapes_->arrays.size(); ++i) array_could_be_.push_back(arrays_.is_possible(i));
  for (const uint32_t i : unique_) shapes_->arrays[i].is_unique = true;
  for (const uint32_t i : unique_) {
    for (ArrayShape::Place& place : shapes_->arrays[i].first) finish_unique(place);
    finish_unique(shapes_->arrays[i].rest);
  }
  find_possible();  // unique arrays may turn out to be impossible, and others with them
  if (!shapes_->values[root].is_possible) fail(ErrorCode::invalid_argument, "no value at all satisfies the schema");
  for (ValueId id = 0; id < values_.size(); ++id) {
    if (!shapes_->is_possible(id)) continue;
    std::vector<RuleId> rules = values_[id].rules;
    const auto add = [&](StateId start) {
      rules.push_back(grammar_.automaton.add_rule());
      grammar_.automaton.set_start(rules.back(), start);
      grammar_.net.set_foreign(rules.back(), false, true);
    };
    for (const uint32_t shape : values_[id].arrays) {
      if (arrays_.is_possible(shape)) add(arrays_.start(shape));
    }
    for (const uint32_t shape : values_[id].objects) {
      if (objects_.is_possible(shape)) add(objects_.start(shape));
    }
    shapes_->values[id].rules = std::move(rules);
  }
  return shapes_->values[root].rules;
}

ValueId SchemaValues::value(const Conj& conj) {
  if (algebra_.is_nothing(conj)) return kNoValue;
  const auto [found, is_new] = ids_.try_emplace(conj, static_cast<ValueId>(values_.size()));
  if (is_new) {
    if (values_.size() >= limits::kValuesMax) {
      fail(ErrorCode::unsupported, "the schema asks for more than {} different kinds of values", limits::kValuesMax);
    }
    values_.push_back({conj});
    shapes_->values.emplace_back();
  }
  return found->second;
}

RuleId SchemaValues::text_rule(RegexId regex, TextForm form) {
  const auto [found, is_new] = text_rules_.try_emplace({regex, form}, 0);
  if (is_new) found->second = grammar_.add_text_rule(regex, form);
  return found->second;
}

void SchemaValues::add_scalar_rules(ValueId id) {
  const Conj conj = values_[id].conj;
  RegexArena& arena = grammar_.arena;
  std::vector<RuleId> rules;
  for (const auto& [type, text] :
       {std::pair(JsonType::null_, "null"), std::pair(JsonType::true_, "true"), std::pair(JsonType::false_, "false")}) {
    if (algebra_.scalar(conj, type) != kNothing) rules.push_back(text_rule(arena.text(text), TextForm::plain));
  }
  RegexId number = algebra_.scalar(conj, JsonType::number);
  // Where all are integers none is written with a point: 1.0 is one, but many readers refuse it.
  const NumberTexts& numbers = algebra_.numbers();
  if (arena.both({number, arena.complement(numbers.integer())}) == kNothing) {
    number = arena.both({number, numbers.plain_integer()});
  }
  if (grammar_.chars.start(number) != kDeadChar) {
    rules.push_back(text_rule(number == kAnyText ? algebra_.numbers().any_form() : number, TextForm::plain));
  }
  const RegexId string = algebra_.scalar(conj, JsonType::string);
  if (grammar_.chars.start(string) != kDeadChar) {
    rules.push_back(text_rule(string, string == kAnyText ? TextForm::json_free : TextForm::json));
  }
  values_[id].has_scalar = !rules.empty();
  values_[id].rules = std::move(rules);
}

void SchemaValues::describe(ValueId id) {
  const Conj conj = values_[id].conj;
  at_ = where(conj);
  add_scalar_rules(id);
  for (const Branch& branch : find_branches(algebra_, conj, JsonType::array)) {
    const uint32_t shape = add_array(branch.array);
    values_[id].arrays.push_back(shape);
  }
  for (const Branch& branch : find_branches(algebra_, conj, JsonType::object)) {
    const uint32_t shape = add_object(branch.object);
    values_[id].objects.push_back(shape);
  }
}

ArrayShape::Place SchemaValues::place(const ArrayRules& rules, uint64_t index) {
  ArrayShape::Place out;
  const Conj& base = index < rules.first.size() ? rules.first[index] : rules.rest;
  for (uint32_t choice = 0; choice < 1u << rules.counts.size(); ++choice) {
    Conj conj = base;
    for (size_t i = 0; i < rules.counts.size(); ++i) {
      const ArrayRules::Count& one = rules.counts[i];
      if (choice >> i & 1) {
        conj = algebra_.with(conj, one.literal);
      } else if (one.most != kNoLimit && index >= one.from) {
        conj = algebra_.with(conj, one.literal ^ 1);  // not counted, so it must not be one of them
      }
    }
    out.by_choice.push_back(value(conj));
  }
  return out;
}

uint32_t SchemaValues::add_array(const ArrayRules& rules) {
  if (rules.counts.size() > kCountsMax) {
    fail(ErrorCode::unsupported, "schema at {}: more than {} rules for some of an array's items", at_, kCountsMax);
  }
  if (rules.is_unique && !rules.counts.empty()) {
    fail(ErrorCode::unsupported, "schema at {}: uniqueItems together with contains or a negated items cannot be kept",
         at_);
  }
  ArrayShape shape;
  // Before the first item that a count looks at, places differ too.
  uint64_t first = rules.first.size();
  for (const ArrayRules::Count& one : rules.counts) {
    first = std::max(first, one.from);
    shape.counts.push_back({one.from, one.least, one.most});
  }
  for (uint64_t i = 0; i < first; ++i) shape.first.push_back(place(rules, i));
  shape.rest = place(rules, first);
  shape.least = rules.least;
  shape.most = rules.most;
  // At first as if items could be equal: what they can be is not known yet.
  if (rules.is_unique) unique_.push_back(static_cast<uint32_t>(shapes_->arrays.size()));
  shapes_->arrays.push_back(std::move(shape));
  return static_cast<uint32_t>(shapes_->arrays.size() - 1);
}

Conj SchemaValues::with_kinds(Conj base, const ObjectRules& rules, const std::string& name) {
  for (const ObjectRules::Kind& kind : rules.all) {
    if (grammar_.chars.matches(kind.names, name)) base = algebra_.with(base, kind.literal);
  }
  return base;
}

std::vector<ValueId> SchemaValues::by_choice(const Conj& base, const std::vector<ObjectRules::Kind>& some,
                                             uint32_t which) {
  std::vector<ValueId> out(size_t{1} << some.size(), kNoValue);
  for (uint32_t choice = 0; choice < out.size(); ++choice) {
    if (choice & ~which) continue;
    Conj conj = base;
    for (size_t s = 0; s < some.size(); ++s) {
      if (choice >> s & 1) conj = algebra_.with(conj, some[s].literal);
    }
    out[choice] = value(conj);
  }
  return out;
}

void SchemaValues::add_names(const ObjectRules& rules, ObjectShape& shape) {
  for (const auto& [name, base] : rules.named) {
    ObjectShape::Name out{.name = name};
    for (size_t s = 0; s < rules.some.size(); ++s) {
      if (grammar_.chars.matches(rules.some[s].names, name)) out.some |= 1u << s;
    }
    out.is_required = std::find(rules.required.begin(), rules.required.end(), name) != rules.required.end();
    out.by_choice = by_choice(with_kinds(base, rules, name), rules.some, out.some);
    const bool can_be =
        std::any_of(out.by_choice.begin(), out.by_choice.end(), [](ValueId id) { return id != kNoValue; });
    if (!can_be && !out.is_required) continue;
    out.key = text_rule(grammar_.arena.text(name), TextForm::json);
    shape.names.push_back(std::move(out));
  }
}

// Names that are not listed, by which of the object's rules are for them.
void SchemaValues::add_kinds(const ObjectRules& rules, RegexId names, size_t at, std::vector<bool>& matched,
                             ObjectShape& shape) {
  if (grammar_.chars.start(names) == kDeadChar) return;
  std::vector<RegexId> tests;
  for (const auto* list : {&rules.all, &rules.some}) {
    for (const ObjectRules::Kind& kind : *list) {
      if (std::find(tests.begin(), tests.end(), kind.names) == tests.end()) tests.push_back(kind.names);
    }
  }
  if (at < tests.size()) {
    matched.push_back(true);
    add_kinds(rules, grammar_.arena.both({names, tests[at]}), at + 1, matched, shape);
    matched.back() = false;
    add_kinds(rules, grammar_.arena.both({names, grammar_.arena.complement(tests[at])}), at + 1, matched, shape);
    matched.pop_back();
    return;
  }
  const auto is_for = [&](const ObjectRules::Kind& kind) {
    return matched[static_cast<size_t>(std::find(tests.begin(), tests.end(), kind.names) - tests.begin())];
  };
  Conj conj;
  for (const ObjectRules::Kind& kind : rules.all) {
    if (is_for(kind)) conj = algebra_.with(conj, kind.literal);
  }
  uint32_t some = 0;
  for (size_t s = 0; s < rules.some.size(); ++s) some |= is_for(rules.some[s]) ? 1u << s : 0;
  const std::vector<ValueId> values = by_choice(conj, rules.some, some);
  if (std::all_of(values.begin(), values.end(), [](ValueId id) { return id == kNoValue; })) return;
  if (shape.kinds.size() >= kKindsMax)
    fail(ErrorCode::unsupported, "schema at {}: too many kinds of property names", at_);
  // No name comes twice, so names that could run out are listed one by one. All but a few names never run out.
  CharDfa::Split split{.is_known = true, .few = {}, .endless = names};
  if (!tests.empty()) split = grammar_.chars.split(names, limits::kFewMax);
  if (!split.is_known) {
    // So many names do not run out for what is needed; a beginning that all are used of is not written again.
    if (!rules.some.empty() || rules.least > limits::kFewMax) {
      fail(ErrorCode::unsupported,
           "schema at {}: names that a pattern allows could run out, and are too many to be told one by one", at_);
    }
    shape.could_run_out = true;
    shape.kinds.push_back({names, text_rule(names, TextForm::json), some, values, true});
    return;
  }
  for (const std::string& name : split.few) {
    ObjectShape::Name out{.name = name, .some = some, .by_choice = values};
    out.key = text_rule(grammar_.arena.text(name), TextForm::json);
    shape.names.push_back(std::move(out));
  }
  if (split.endless == kNothing) return;
  shape.kinds.push_back({split.endless, text_rule(split.endless, TextForm::json), some, values});
}

uint32_t SchemaValues::add_object(const ObjectRules& rules) {
  if (rules.some.size() > kCountsMax) {
    fail(ErrorCode::unsupported, "schema at {}: more than {} rules for some of an object's properties", at_,
         kCountsMax);
  }
  ObjectShape shape;
  shape.some_count = static_cast<uint32_t>(rules.some.size());
  shape.least = rules.least;
  shape.most = rules.most;
  add_names(rules, shape);
  std::vector<std::string_view> listed;
  for (const auto& [name, conj] : rules.named) listed.push_back(name);
  std::vector<bool> matched;
  add_kinds(rules, grammar_.arena.complement(grammar_.arena.one_of(std::move(listed))), 0, matched, shape);
  if (shape.some_count > 0 && rules.most != kNoLimit && shape.some_count > 1) {
    fail(ErrorCode::unsupported, "schema at {}: maxProperties together with several rules for some property", at_);
  }
  if (shape.some_count > 1) {
    // Two rules may need the same name of a few: which gets it would have to be planned.
    for (uint32_t s = 0; s < shape.some_count; ++s) {
      const bool has_kind = std::any_of(shape.kinds.begin(), shape.kinds.end(), [&](const ObjectShape::Kind& kind) {
        return kind.some >> s & 1 && kind.by_choice[1u << s] != kNoValue;
      });
      if (!has_kind) {
        fail(ErrorCode::unsupported, "schema at {}: several rules for some of the same few properties", at_);
      }
    }
  }
  shapes_->objects.push_back(std::move(shape));
  return static_cast<uint32_t>(shapes_->objects.size() - 1);
}

// The least set: what is possible follows from what was found possible before.
void SchemaValues::find_possible() {
  for (ValueRules& one : shapes_->values) one.is_possible = false;
  for (bool has_changed = true; has_changed;) {
    has_changed = false;
    for (ValueId id = static_cast<ValueId>(values_.size()); id-- > 0;) {
      if (shapes_->values[id].is_possible) continue;
      const Value& one = values_[id];
      const bool is_possible = one.has_scalar ||
                               std::any_of(one.arrays.begin(), one.arrays.end(),
                                           [&](uint32_t shape) { return arrays_.is_possible(shape); }) ||
                               std::any_of(one.objects.begin(), one.objects.end(),
                                           [&](uint32_t shape) { return objects_.is_possible(shape); });
      if (is_possible) shapes_->values[id].is_possible = has_changed = true;
    }
  }
}

// The values that an item of a unique array may be: endless ones by rules, few ones one by one.
void SchemaValues::finish_unique(ArrayShape::Place& place) {
  const ValueId id = place.by_choice[0];
  if (!shapes_->is_possible(id)) return;
  RegexArena& arena = grammar_.arena;
  const Conj conj = values_[id].conj;
  const auto refuse = [&](const char* what) {
    fail(ErrorCode::unsupported, "schema at {}: that {} differ (uniqueItems) cannot be kept without getting stuck",
         where(conj), what);
  };
  for (const auto& [type, text] :
       {std::pair(JsonType::null_, "null"), std::pair(JsonType::true_, "true"), std::pair(JsonType::false_, "false")}) {
    if (algebra_.scalar(conj, type) != kNothing) {
      place.few.emplace_back(text, text_rule(arena.text(text), TextForm::plain));
    }
  }
  for (const JsonType type : {JsonType::number, JsonType::string}) {
    RegexId regex = algebra_.scalar(conj, type);
    if (type == JsonType::number) regex = arena.both({regex, algebra_.numbers().shortest()});
    if (grammar_.chars.start(regex) == kDeadChar) continue;
    const TextForm form = type == JsonType::number ? TextForm::plain : TextForm::json;
    const CharDfa::Split split = grammar_.chars.split(regex, limits::kFewMax);
    if (!split.is_known) refuse(type == JsonType::number ? "these numbers" : "these strings");
    for (const std::string& text : split.few) {
      place.few.emplace_back(type == JsonType::number ? text : json_string(text), text_rule(arena.text(text), form));
    }
    if (split.endless != kNothing) place.endless.push_back(text_rule(split.endless, form));
  }
  const auto add = [&](StateId start) {
    place.endless.push_back(grammar_.automaton.add_rule());
    grammar_.automaton.set_start(place.endless.back(), start);
  };
  // Arrays and objects are different as long as more can be put into them, at any point.
  for (const uint32_t index : values_[id].arrays) {
    const ArrayShape& shape = shapes_->arrays[index];
    if (!array_could_be_[index]) continue;
    const bool grows = shape.most == kNoLimit && shape.counts.empty() && !shape.is_unique &&
                       shapes_->is_possible(shape.rest.by_choice[0]) &&
                       std::all_of(shape.first.begin(), shape.first.end(), [&](const ArrayShape::Place& one) {
                         return shapes_->is_possible(one.by_choice[0]);
                       });
    if (!grows) refuse("these arrays");
    add(arrays_.start(index));
  }
  for (const uint32_t index : values_[id].objects) {
    const ObjectShape& shape = shapes_->objects[index];
    if (!objects_.is_possible(index)) continue;
    const auto is_endless = [&](const ObjectShape::Kind& kind) {
      return !kind.could_run_out && shapes_->is_possible(kind.by_choice[0]);
    };
    const bool grows = shape.most == kNoLimit && std::any_of(shape.kinds.begin(), shape.kinds.end(), is_endless);
    if (!grows) refuse("these objects");
    add(objects_.start(index));
  }
  place.is_endless = !place.endless.empty();
}

}  // namespace estoc::grammar
