// GBNF, the grammars of llama.cpp, and the plainest grammars: one expression, one of several texts.
//
// GBNF is rules `name ::= ...` of "texts", [classes], '.', names, groups, '|' and the repeats * + ? {m} {m,} {m,n};
// '#' begins a comment. The rule named root is the grammar.
// Errors: Error{invalid_argument, unsupported} that say what and, for a grammar, in which line.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "grammar/grammar.h"

namespace estoc::grammar {

std::unique_ptr<Grammar> compile_gbnf(std::string_view text);
// Its root as a rule of a grammar that is still being drawn.
RuleId add_gbnf_rule(Grammar& grammar, std::string_view text);
// All of the text matches the expression (grammar/regex_parser.h).
std::unique_ptr<Grammar> compile_regex(std::string_view expression);
// The text is one of these.
std::unique_ptr<Grammar> compile_choices(std::span<const std::string> choices);
// The same as rules of a grammar that is still being drawn.
RuleId add_regex_rule(Grammar& grammar, std::string_view expression);
RuleId add_choices_rule(Grammar& grammar, std::span<const std::string> choices);

}  // namespace estoc::grammar
