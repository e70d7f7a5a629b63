// Bytes that arrive in pieces to text in whole characters. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

// Moves from the front of `held` to the end of `out` all that is decided: whole characters as they are, and one U+FFFD
// for each broken sequence (the longest start of a character that cannot go on, or a single byte: the substitution of
// Unicode chapter 3.9). What may still become a character, at most three bytes, stays in `held`.
void move_whole_characters(std::string& held, std::string& out);

// The text with every broken sequence replaced, an unfinished one at the end too.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace estoc
