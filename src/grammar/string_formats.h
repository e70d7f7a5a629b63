// The string formats of JSON Schema as regular expressions.
//
// What: date-time, date, time, duration, email, ipv4, ipv6, uri, uri-reference, uuid, json-pointer and
// relative-json-pointer. Dates know the lengths of months and leap years; a leap second is only written where UTC has
// one, at 23:59:60Z. Whether a text is an expression (format regex) is no regular language.
// Pure. Errors: Error{unsupported} for a format that is not known.
#pragma once

#include <string_view>

#include "grammar/regex.h"

namespace estoc::grammar {

RegexId format_regex(RegexArena& arena, std::string_view format);

}  // namespace estoc::grammar
