#include "grammar/branch_effects.h"

#include <algorithm>

namespace estoc::grammar {
namespace {

Conj& named(ObjectRules& rules, const std::string& name) {
  for (auto& [known, conj] : rules.named) {
    if (known == name) return conj;
  }
  return rules.named.emplace_back(name, Conj{}).second;
}

}  // namespace

bool BranchEffects::is_required(const ObjectRules& rules, const std::string& name) {
  return std::find(rules.required.begin(), rules.required.end(), name) != rules.required.end();
}

BranchEffect BranchEffects::item_rule(uint64_t from, Literal literal) {
  return [this, from, literal](Branch& branch) {
    ArrayRules& rules = branch.array;
    while (rules.first.size() < from) rules.first.push_back(rules.rest);
    for (size_t i = from; i < rules.first.size(); ++i) rules.first[i] = algebra_.with(rules.first[i], literal);
    rules.rest = algebra_.with(rules.rest, literal);
    return true;
  };
}

BranchEffect BranchEffects::place_rule(uint64_t place, Literal literal) {
  return [this, place, literal](Branch& branch) {
    ArrayRules& rules = branch.array;
    while (rules.first.size() <= place) rules.first.push_back(rules.rest);
    rules.first[place] = algebra_.with(rules.first[place], literal);
    return true;
  };
}

BranchEffect BranchEffects::items(uint64_t least, uint64_t most) {
  return [least, most](Branch& branch) {
    branch.array.least = std::max(branch.array.least, least);
    branch.array.most = std::min(branch.array.most, most);
    return branch.array.least <= branch.array.most;
  };
}

BranchEffect BranchEffects::item_count(uint64_t from, Literal literal, uint64_t least, uint64_t most) {
  return [=, this](Branch& branch) {
    const Schema& schema = algebra_.schema_of(literal);
    if (schema.kind != Schema::Kind::keywords) {
      // All items, or none, are counted.
      const bool counts_all = (schema.kind == Schema::Kind::anything) != SchemaAlgebra::is_negated(literal);
      if (!counts_all) return least == 0;
      if (least > 0 && !items(from + least, kNoLimit)(branch)) return false;
      return most == kNoLimit || items(0, from + most)(branch);
    }
    if (least == 0 && most == kNoLimit) return true;
    for (ArrayRules::Count& one : branch.array.counts) {
      if (one.literal != literal || one.from != from) continue;
      one.least = std::max(one.least, least);
      one.most = std::min(one.most, most);
      return one.least <= one.most;
    }
    branch.array.counts.push_back({literal, from, least, most});
    return items(least > 0 ? from + least : 0, kNoLimit)(branch);
  };
}

BranchEffect BranchEffects::property(const std::string& name, Literal literal) {
  return [this, name, literal](Branch& branch) {
    Conj& conj = named(branch.object, name);
    conj = algebra_.with(conj, literal);
    return true;
  };
}

BranchEffect BranchEffects::require(const std::string& name) {
  return [name](Branch& branch) {
    named(branch.object, name);
    if (!is_required(branch.object, name)) branch.object.required.push_back(name);
    return true;
  };
}

BranchEffect BranchEffects::forbid(const std::string& name) {
  return property(name, SchemaAlgebra::holds(algebra_.document().nothing()));
}

BranchEffect BranchEffects::properties(uint64_t least, uint64_t most) {
  return [least, most](Branch& branch) {
    branch.object.least = std::max(branch.object.least, least);
    branch.object.most = std::min(branch.object.most, most);
    return branch.object.least <= branch.object.most;
  };
}

BranchEffect BranchEffects::all_properties(RegexId names, Literal literal) {
  return [this, names, literal](Branch& branch) {
    add_kind(branch.object.all, names, literal, Schema::Kind::anything);
    return true;
  };
}

BranchEffect BranchEffects::some_property(RegexId names, Literal literal) {
  return [this, names, literal](Branch& branch) {
    const Schema& schema = algebra_.schema_of(literal);
    const bool is_negated = SchemaAlgebra::is_negated(literal);
    if (schema.kind == (is_negated ? Schema::Kind::anything : Schema::Kind::nothing)) return false;
    if (algebra_.grammar().chars.start(names) == kDeadChar) return false;
    add_kind(branch.object.some, names, literal, std::nullopt);
    return true;
  };
}

void BranchEffects::add_kind(std::vector<ObjectRules::Kind>& kinds, RegexId names, Literal literal,
                             std::optional<Schema::Kind> trivial) {
  const Schema& schema = algebra_.schema_of(literal);
  const bool is_trivial = trivial && !SchemaAlgebra::is_negated(literal) && schema.kind == *trivial;
  if (names == kNothing || is_trivial) return;
  const ObjectRules::Kind kind{names, literal};
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
}

RegexId BranchEffects::additional_names(const Schema& schema) {
  RegexArena& arena = algebra_.grammar().arena;
  std::vector<std::string_view> names;
  for (const auto& [name, part] : schema.properties) names.push_back(name);
  std::vector<RegexId> parts{arena.one_of(std::move(names))};
  for (const auto& [text, part] : schema.pattern_properties) parts.push_back(algebra_.pattern(schema, text));
  return arena.complement(arena.either(std::move(parts)));
}

}  // namespace estoc::grammar
