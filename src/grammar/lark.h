// Grammars in the syntax of Lark: rules and terminals, with regular expressions and %ignore.
//
// What: `rule: alternatives` and `TERMINAL: ...` of "texts" (with i: ASCII letters in either case), /expressions/,
// "a".."z", names, (groups), [optional groups] and the repeats * + ? ~n ~n..m; -> aliases and the marks ? ! and
// .priority change trees only and are read past. %ignore lets terminals stand between the others, %import knows the
// terminals of `common` that need no lookaround. The rule named start is the grammar. Unlike Lark there is no lexer
// that takes the longest terminal: the text matches if it can be divided in any way. Errors: Error{invalid_argument,
// unsupported} that say what and in which line.
#pragma once

#include <memory>
#include <string_view>

#include "grammar/grammar.h"

namespace estoc::grammar {

std::unique_ptr<Grammar> compile_lark(std::string_view text);
// The rule start of a grammar that is still being drawn.
RuleId add_lark_rule(Grammar& grammar, std::string_view text);

}  // namespace estoc::grammar
