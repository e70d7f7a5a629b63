// What an answer has to keep to, as its caller wrote it: told apart by its text, compiled by whoever needs it.
//
// What: a front end's input that can be drawn as a rule of a grammar, and a key that is equal for equal ones.
// Ownership: owns what it was made of. Threads: constant. Errors: drawing throws what the front end throws.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "grammar/grammar.h"
#include "grammar/schema_options.h"
#include "grammar/structural_tags.h"

namespace estoc::grammar {

struct ConstraintSource {
  std::string key;
  std::function<RuleId(Grammar&)> add_rule;
};

ConstraintSource json_schema_source(Json schema, const SchemaOptions& options);
ConstraintSource any_json_object_source(const SchemaOptions& options);
ConstraintSource regex_source(std::string expression);
ConstraintSource choices_source(std::vector<std::string> choices);
ConstraintSource gbnf_source(std::string text);
ConstraintSource lark_source(std::string text);
// One of the two: rules with "::=" are GBNF's, others Lark's.
ConstraintSource grammar_source(std::string text);
ConstraintSource structural_tags_source(StructuralTags tags);

// Free text until `mark` has come for the first time, blanks and line breaks, then `source`: an answer behind reasoning
// that ends with the mark. The text may not end before. REQUIRES a mark.
ConstraintSource behind_mark(const std::string& mark, ConstraintSource source);

// One or more of them, each on a line.
ConstraintSource repeated(ConstraintSource source);

std::unique_ptr<Grammar> compile(const ConstraintSource& source);

}  // namespace estoc::grammar
