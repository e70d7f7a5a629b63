// Texts put together from constant pieces, free text, expressions and JSON, written as JSON values.
//
// What: {"type": ..} is one of
//   const_string {value}; json_schema {json_schema}; regex {pattern}; grammar {grammar}, a GBNF;
//   any_text {excludes: [texts]}, perhaps with minLength, maxLength and pattern;
//   sequence {elements}; or {elements}; optional {content}; plus {content, separator}: one or more;
//   part {index}, something else that a text may keep to.
// Control tokens have no text, so a format cannot spell them: a mark that is one is written as control_text() instead,
// bytes that no character has. Free text and strings never have them; where a constant has the mark's spelling, only
// the token itself fits.
// Errors: Error{invalid_argument, unsupported}: a form that is none, and what the front ends of its parts say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "grammar/constraint_source.h"
#include "grammar/grammar.h"
#include "grammar/schema_options.h"

namespace estoc::grammar {

// What the control token stands for that is number `index`, below kControlMarksMax, in a list of them.
inline constexpr size_t kControlMarksMax = 64;
std::string control_text(size_t index);

struct TextFormat {
  Json form;
  std::vector<std::string> control_marks;  // spellings of control tokens, in the order of the vocabulary's list
  SchemaOptions schema_options;
  std::vector<ConstraintSource> parts;
};

ConstraintSource text_format_source(TextFormat format);

std::unique_ptr<Grammar> compile_text_format(const TextFormat& format);
// A rule of a grammar that is still being drawn.
RuleId add_text_format_rule(Grammar& grammar, const TextFormat& format);

}  // namespace estoc::grammar
