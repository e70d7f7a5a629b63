// Conjunctions of subschemas and of their negations, as far as single values go.
//
// What: what a value has to satisfy is a set of literals: schemas that hold and schemas that must fail. Strings,
// numbers and the three literals of JSON are decided here, by regular expressions, which have "and", "or" and "not";
// arrays and objects are taken apart in schema_branches.h. A conjunction that names its values (enum, const) is
// reduced to those of them that satisfy the rest.
// Ownership: borrows the document, which grows by schemas made here, and the grammar. Threads: one at a time.
// Errors: Error{unsupported, invalid_argument} with the pointer of the keyword that cannot be kept.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/number_text.h"
#include "grammar/schema_document.h"
#include "grammar/schema_options.h"

namespace estoc::grammar {

using Literal = uint32_t;           // twice the schema's index, and one more when it must fail
using Conj = std::vector<Literal>;  // sorted, each once

class SchemaAlgebra {
 public:
  SchemaAlgebra(SchemaDocument& document, Grammar& grammar, const SchemaOptions& options)
      : document_(document), grammar_(grammar), options_(options), numbers_(grammar.arena) {}

  static Literal holds(const Schema& schema) { return schema.index * 2; }
  static Literal fails(const Schema& schema) { return schema.index * 2 + 1; }
  const Schema& schema_of(Literal literal) const { return document_.at(literal / 2); }
  static bool is_negated(Literal literal) { return literal & 1; }

  // The conjunction with one more literal, reduced; {holds(nothing)} when it cannot be satisfied as far as can be told.
  Conj with(const Conj& conj, Literal literal);
  bool is_nothing(const Conj& conj) const { return conj.size() == 1 && conj[0] == holds(document_.nothing()); }
  // The values that it names.
  const std::vector<Json>* values(const Conj& conj) const;

  // The texts of values of a type other than array and object: of strings what is within the quotes, of the three
  // literals kAnyText or kNothing. kAnyText for a number is any number.
  RegexId scalar(const Conj& conj, JsonType type);

  // A schema that only this value satisfies.
  const Schema& constant(const Json& value);
  // One that satisfies any of these.
  const Schema& any_of(std::vector<const Schema*> parts);
  RegexId pattern(const Schema& schema, const std::string& text);
  // Nothing when it cannot be told (unevaluated...).
  std::optional<bool> is_valid(const Schema& schema, const Json& value, int depth = 0);

  SchemaDocument& document() { return document_; }
  Grammar& grammar() { return grammar_; }
  const SchemaOptions& options() const { return options_; }
  NumberTexts& numbers() { return numbers_; }
  [[noreturn]] static void refuse(const Schema& schema, std::string_view keyword, const std::string& why);

 private:
  RegexId scalar(const Schema& schema, JsonType type);
  RegexId own_scalar(const Schema& schema, JsonType type);
  RegexId string_rules(const Schema& schema);
  RegexId number_rules(const Schema& schema);
  std::optional<bool> is_valid_object(const Schema& schema, const Json& value, int depth);
  std::optional<bool> is_valid_array(const Schema& schema, const Json& value, int depth);
  Conj reduced(Conj conj);
  const Schema& enumeration(const std::vector<Json>& values);

  SchemaDocument& document_;
  Grammar& grammar_;
  SchemaOptions options_;
  NumberTexts numbers_;
  std::map<std::string, const Schema*> constants_, enumerations_;
  std::map<std::vector<const Schema*>, const Schema*> choices_;
  std::map<std::pair<uint32_t, JsonType>, RegexId> scalars_;
  std::set<std::pair<uint32_t, JsonType>> open_;
  std::map<std::string, RegexId> patterns_;
  size_t validity_steps_ = 0;  // of the whole compile
};

}  // namespace estoc::grammar
