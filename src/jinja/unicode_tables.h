// The properties of characters that utf8proc does not know and Python's string methods need. Pure functions.
#pragma once

#include <cstdint>

namespace estoc::jinja {

// Beyond what the general category of the character tells.
bool is_other_lower(uint32_t code);
bool is_other_upper(uint32_t code);
bool is_other_digit(uint32_t code);
bool is_other_numeric(uint32_t code);
bool is_other_ignorable(uint32_t code);  // for the rule of the Greek final sigma

// The mapping (UTF-8) of a character whose upper or title case is longer than one character; null for the others.
const char* special_upper(uint32_t code);
const char* special_title(uint32_t code);

}  // namespace estoc::jinja
