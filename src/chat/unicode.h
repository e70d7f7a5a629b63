// Python's view of text: code points and the kinds of characters. The text is valid UTF-8. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace estoc::jinja {

size_t count_code_points(std::string_view text);

// Byte offset of code point `index` (text.size() when there are fewer).
size_t code_point_offset(std::string_view text, size_t index);

std::vector<std::string_view> code_points(std::string_view text);  // each as its own piece

uint32_t code_point_at(std::string_view piece);  // the first one
bool is_space(uint32_t code_point);              // str.isspace
bool is_letter(uint32_t code_point);             // str.isalpha
bool is_decimal(uint32_t code_point);            // str.isdecimal
bool is_digit(uint32_t code_point);              // str.isdigit
bool is_numeric(uint32_t code_point);            // str.isnumeric
bool is_alphanumeric(uint32_t code_point);       // str.isalnum
bool is_printable(uint32_t code_point);          // str.isprintable
bool is_identifier(std::string_view text);       // str.isidentifier
int decimal_value(uint32_t code_point);          // 0 to 9. REQUIRES is_decimal.

// Where `needle` is in `text`, in bytes, npos when it is not: linear time also for hostile texts.
size_t find_text(std::string_view text, std::string_view needle, size_t from = 0);
// The last place; throws Failure for a needle so long that the search could take quadratic time.
size_t find_last_text(std::string_view text, std::string_view needle);

size_t leading_space_bytes(std::string_view text);
size_t trailing_space_bytes(std::string_view text);

}  // namespace estoc::jinja
