// Arrays and objects that satisfy a conjunction, as a list of alternatives without "or" and "not".
//
// What: anyOf, oneOf, not, if, dependent... and what of a negated schema may fail become alternatives ("branches"); in
// each, what holds for an item or a property is a conjunction again. A branch says of arrays: what items at the first
// places and at all others satisfy, how many there are and how many of them satisfy something more; of objects: what
// properties by name and by kinds of names satisfy, which there are, how many, and that some of a kind exists.
// Branches may overlap. Several equal ways are one; alternatives that follow from the rest are not split.
// Errors: Error{unsupported} when there are more than limits::kAlternativesMax, or a keyword cannot be kept exactly.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "grammar/schema_algebra.h"

namespace estoc::grammar {

inline constexpr uint64_t kNoLimit = UINT64_MAX;

struct ArrayRules {
  // So many items from place `from` on satisfy the literal.
  struct Count {
    Literal literal = 0;
    uint64_t from = 0, least = 0, most = kNoLimit;
    bool operator==(const Count&) const = default;
  };
  std::vector<Conj> first;
  Conj rest;
  uint64_t least = 0, most = kNoLimit;
  std::vector<Count> counts;
  bool is_unique = false;
  bool operator==(const ArrayRules&) const = default;
};

struct ObjectRules {
  // All properties, or some property, whose name is in the expression satisfy the literal.
  struct Kind {
    RegexId names = kNothing;
    Literal literal = 0;
    bool operator==(const Kind&) const = default;
  };
  std::vector<std::pair<std::string, Conj>> named;  // in the schema's order
  std::vector<std::string> required;                // each is named
  std::vector<Kind> all, some;
  uint64_t least = 0, most = kNoLimit;
  bool operator==(const ObjectRules&) const = default;
};

// Only the part of the type asked for is filled.
struct Branch {
  ArrayRules array;
  ObjectRules object;
  bool operator==(const Branch&) const = default;
};

std::vector<Branch> find_branches(SchemaAlgebra& algebra, const Conj& conj, JsonType type);

}  // namespace estoc::grammar
