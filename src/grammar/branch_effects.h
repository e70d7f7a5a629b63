// What single rules of schemas do to a branch (schema_branches.h). Internal to the room.
//
// Ownership: an effect borrows the algebra. Threads: one. Errors: those of the algebra.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "grammar/schema_branches.h"

namespace estoc::grammar {

using BranchEffect = std::function<bool(Branch&)>;  // false: nothing can satisfy it any more

class BranchEffects {
 public:
  explicit BranchEffects(SchemaAlgebra& algebra) : algebra_(algebra) {}

  // Items from place `from` on, or the one at a place.
  BranchEffect item_rule(uint64_t from, Literal literal);
  BranchEffect place_rule(uint64_t place, Literal literal);
  BranchEffect items(uint64_t least, uint64_t most);
  BranchEffect item_count(uint64_t from, Literal literal, uint64_t least, uint64_t most);

  BranchEffect property(const std::string& name, Literal literal);
  BranchEffect require(const std::string& name);
  BranchEffect forbid(const std::string& name);
  BranchEffect properties(uint64_t least, uint64_t most);
  BranchEffect all_properties(RegexId names, Literal literal);
  BranchEffect some_property(RegexId names, Literal literal);

  // Names that are neither properties nor match patternProperties.
  RegexId additional_names(const Schema& schema);

  static bool is_required(const ObjectRules& rules, const std::string& name);

 private:
  void add_kind(std::vector<ObjectRules::Kind>& kinds, RegexId names, Literal literal,
                std::optional<Schema::Kind> trivial);

  SchemaAlgebra& algebra_;
};

}  // namespace estoc::grammar
