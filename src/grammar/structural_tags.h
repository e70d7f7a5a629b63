// Free text with parts that follow a grammar: a tag begins with a text that nothing else may begin with.
//
// What: the text is free until one of the triggers appears in it; from there on it has to go on as a tag whose
// beginning begins with that trigger: the rest of the beginning, the content, the end. Then it is free again. Errors:
// Error{invalid_argument, unsupported}: a tag without a trigger, and what its content's front end says.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "grammar/grammar.h"
#include "grammar/schema_options.h"

namespace estoc::grammar {

struct TagSchema {
  Json schema;
};
struct TagExpression {
  std::string regex;
};
struct TagGbnf {
  std::string grammar;
};

struct StructuralTag {
  std::string begin;
  std::variant<TagSchema, TagExpression, TagGbnf> content;
  std::string end;
};

struct StructuralTags {
  std::vector<StructuralTag> tags;
  std::vector<std::string> triggers;
  bool needs_tag = false;       // the text may not end before the first tag has
  bool ends_after_tag = false;  // nothing may follow a tag
  SchemaOptions schema_options;
};

std::unique_ptr<Grammar> compile_structural_tags(const StructuralTags& tags);
// A rule of a grammar that is still being drawn.
RuleId add_structural_tags_rule(Grammar& grammar, const StructuralTags& tags);

}  // namespace estoc::grammar
