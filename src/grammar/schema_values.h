// From conjunctions to rules: every value that a schema may ask for, with what in it can be and what cannot.
//
// What: begins with the root's conjunction and follows items and properties until no new conjunction comes; finds which
// of them some value satisfies (the least such set: recursion has to end somewhere); makes a rule of each alternative.
// Ownership: the states in the grammar's automaton keep the shapes. Threads: one at a time, while compiling.
// Errors: Error{unsupported, invalid_argument} for what cannot be kept exactly, or is too much.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "grammar/array_states.h"
#include "grammar/object_states.h"
#include "grammar/schema_algebra.h"
#include "grammar/schema_shapes.h"

namespace estoc::grammar {

class SchemaValues {
 public:
  explicit SchemaValues(SchemaAlgebra& algebra);

  // The rules of which a text has to match one. Throws when no value satisfies the conjunction.
  std::vector<RuleId> compile(const Conj& conj);

 private:
  struct Value {
    Conj conj;
    bool has_scalar = false;
    std::vector<RuleId> rules;  // of scalars
    std::vector<uint32_t> arrays, objects;
  };

  ValueId value(const Conj& conj);
  void describe(ValueId id);
  void add_scalar_rules(ValueId id);
  uint32_t add_array(const ArrayRules& rules);
  uint32_t add_object(const ObjectRules& rules);
  ArrayShape::Place place(const ArrayRules& rules, uint64_t index);
  void add_names(const ObjectRules& rules, ObjectShape& shape);
  void add_kinds(const ObjectRules& rules, RegexId names, size_t at, std::vector<bool>& matched, ObjectShape& shape);
  std::vector<ValueId> by_choice(const Conj& base, const std::vector<ObjectRules::Kind>& some, uint32_t which);
  Conj with_kinds(Conj base, const ObjectRules& rules, const std::string& name);
  void find_possible();
  void finish_unique(ArrayShape::Place& place);
  RuleId text_rule(RegexId regex, TextForm form);
  std::string where(const Conj& conj) const;

  SchemaAlgebra& algebra_;
  Grammar& grammar_;
  std::shared_ptr<SchemaShapes> shapes_;
  ArrayStates& arrays_;
  ObjectStates& objects_;
  std::vector<Value> values_;
  std::vector<uint32_t> unique_;      // arrays whose items have to differ
  std::vector<bool> array_could_be_;  // arrays that are possible when that is not looked at
  std::map<Conj, ValueId> ids_;
  std::map<std::pair<RegexId, TextForm>, RuleId> text_rules_;
  std::string at_;  // where the array or object that is being described stands, for messages
};

}  // namespace estoc::grammar
