// The one question of `estoc run` when it is not a chat: the PROMPT argument, or all of a standard input that is no
// terminal.
//
// Errors: Error{invalid_argument} when there is nothing to answer, or it is no UTF-8 text; Error{io} when the input
// cannot be read.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace estoc {

// More than any context holds.
constexpr size_t kQuestionBytesMax = size_t{32} << 20;

// Nothing when there is to be a chat: no argument, and a person at the terminal. The argument wins over the input, of
// which the last line's end is left away.
std::optional<std::string> read_question(const std::optional<std::string>& argument);

// All of the standard input, as it is; `expected` says what it should have been where it is too long.
std::string read_standard_input(const char* expected);

// Throws Error{invalid_argument} "<what>: ..." when it is not valid UTF-8, which templates are made for.
void check_text(const std::string& text, const char* what);

}  // namespace estoc
