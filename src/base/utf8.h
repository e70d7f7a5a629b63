// UTF-8 validity, by byte. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace estoc {

// Looks at the sequence that starts at text[0] (text is not empty).
// Returns its length 1..4 when whole and valid (no overlongs, no surrogates, at most U+10FFFF),
// 0 when the text ends inside a sequence that could still become valid, and -1 when it is broken.
int utf8_sequence_bytes(std::string_view text);

// The code point of a valid sequence of `bytes` bytes at text[0].
uint32_t utf8_decode(std::string_view text, int bytes);

// Appends the UTF-8 form of a code point (at most U+10FFFF, not a surrogate).
void utf8_append(std::string& out, uint32_t code_point);

bool is_valid_utf8(std::string_view text);

}  // namespace estoc
