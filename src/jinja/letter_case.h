// Python's mappings between upper, lower and title case, and what it calls a letter of each. The text is valid UTF-8.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace estoc::jinja {

bool is_upper(uint32_t code_point);
bool is_lower(uint32_t code_point);
bool is_title(uint32_t code_point);  // ǅ and its like
bool is_cased(uint32_t code_point);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string fold_case(std::string_view text);   // str.casefold
std::string capitalize(std::string_view text);  // the first in title case, the rest lower
std::string title_case(std::string_view text);  // str.title
std::string swap_case(std::string_view text);

// str.isupper, islower and istitle: whether there are cased letters and all of them are as the name says.
bool is_upper_text(std::string_view text);
bool is_lower_text(std::string_view text);
bool is_title_text(std::string_view text);

}  // namespace estoc::jinja
