// Text of a regular expression to the expression.
//
// What: what ECMA-262, Rust's regex and Python's re have in common, read with Unicode: classes and their negations,
// \d \w \s (ASCII digits and word characters; ECMA's white space), \p{...} of general categories, anchors, \b, greedy
// and lazy and bounded repeats, groups with and without names, and lookaheads that begin or end an alternative. What
// cannot be a regular language (backreferences), lookbehinds, flags and scripts are refused.
// Errors: Error{invalid_argument, unsupported} that say what and at which byte.
#pragma once

#include <string_view>

#include "grammar/regex.h"

namespace estoc::grammar {

enum class Find : uint8_t {
  whole,     // the expression is all of the text
  anywhere,  // it is found in the text somewhere
};

RegexId parse_regex(RegexArena& arena, std::string_view text, Find find);

}  // namespace estoc::grammar
