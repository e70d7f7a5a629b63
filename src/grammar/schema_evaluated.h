// Which properties and items the keywords of a schema look at, for unevaluatedProperties and unevaluatedItems.
//
// What: that depends on which subschemas hold, so the answer is a list of ways; each says which hold and which fail,
// completely, and what is then looked at. The ways exclude each other.
// Errors: Error{unsupported} when there are too many ways, or a schema refers to itself.
#pragma once

#include <string>
#include <vector>

#include "grammar/schema_algebra.h"

namespace estoc::grammar {

struct Evaluated {
  std::vector<Literal> literals;
  std::vector<std::string> required, forbidden;  // properties on which dependentSchemas turn
  RegexId names = kNothing;                      // of objects
  uint64_t items = 0;                            // of arrays: the first so many, UINT64_MAX for all
  std::vector<const Schema*> contained;          // and those that satisfy one of these
};

std::vector<Evaluated> find_evaluated(SchemaAlgebra& algebra, const Schema& schema, JsonType type);

}  // namespace estoc::grammar
