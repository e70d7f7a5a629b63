// Values as text, the way Python's str() and repr() write them. Errors: Failure when the text would be too long.
// Internal to jinja/.
#pragma once

#include <string>
#include <string_view>

#include "jinja/value.h"

namespace estoc::jinja {

std::string to_text(const Value& value);  // str(); undefined is ""
std::string repr(const Value& value);
std::string repr(std::string_view text);   // of a string, with quotes
std::string ascii(std::string_view text);  // what is not ASCII as escapes: of a repr, what ascii() gives
std::string float_text(double value);      // 1.0, 1e+16, nan

}  // namespace estoc::jinja
