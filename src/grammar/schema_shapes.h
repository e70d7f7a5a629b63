// Arrays and objects of a compiled schema, as their states need them: values are rules, impossible ones are left out.
//
// Plain data, constant once the schema is compiled, and what can still be completed from where.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/schema_branches.h"

namespace estoc::grammar {

using ValueId = uint32_t;
inline constexpr ValueId kNoValue = UINT32_MAX;

// The rules of which one has to match; none when no value satisfies it.
struct ValueRules {
  bool is_possible = false;
  std::vector<RuleId> rules;
};

struct ArrayShape {
  // What an item may be, by which of the counts it is counted in.
  struct Place {
    std::vector<ValueId> by_choice;
    // Where items have to differ: rules with no end of values, and values one by one (by their keys).
    bool is_endless = false;
    std::vector<RuleId> endless;
    std::vector<std::pair<std::string, RuleId>> few;
  };
  struct Count {
    uint64_t from, least, most;
  };
  std::vector<Place> first;
  Place rest;
  uint64_t least = 0, most = kNoLimit;
  std::vector<Count> counts;
  bool is_unique = false;
  std::vector<bool> completable;  // by place and counters, where there are counts

  const Place& place(uint64_t index) const { return index < first.size() ? first[index] : rest; }
};

struct ObjectShape {
  struct Name {
    std::string name;
    RuleId key = 0;  // the name as it is written
    bool is_required = false;
    uint32_t some = 0;               // of the rules for "some property", those for its name
    std::vector<ValueId> by_choice;  // by which of them it satisfies
  };
  struct Kind {  // names that the schema does not list, endless in number or
    RegexId names = kNothing;
    RuleId key = 0;
    uint32_t some = 0;
    std::vector<ValueId> by_choice;
    bool could_run_out = false;  // at least where they have a beginning in common
  };
  std::vector<Name> names;
  std::vector<Kind> kinds;
  bool could_run_out = false;  // some kind of names
  uint32_t some_count = 0;
  uint64_t least = 0, most = kNoLimit;
};

struct SchemaShapes {
  std::vector<ValueRules> values;
  std::vector<ArrayShape> arrays;
  std::vector<ObjectShape> objects;
  bool allows_blanks = false, any_property_order = false;

  bool is_blank(uint8_t byte) const {
    return allows_blanks && (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r');
  }
  bool is_possible(ValueId value) const { return value != kNoValue && values[value].is_possible; }
};

}  // namespace estoc::grammar
