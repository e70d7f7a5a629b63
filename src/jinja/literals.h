// Literals of the expression language, from their spelling in the template. Errors: Failure.
// Internal to jinja/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace estoc::jinja {

// Resolves the backslash escapes of a string literal (the quotes are gone).
std::string unescape(std::string_view spelled);

// Lengths of the number at the start of `text`, 0 when there is none. A float needs a fraction or an exponent.
size_t float_length(std::string_view text);
size_t integer_length(std::string_view text);

int64_t parse_integer(std::string_view spelled);  // 12, 1_000, 0xff, 0o7, 0b1
double parse_float(std::string_view spelled);

}  // namespace estoc::jinja
