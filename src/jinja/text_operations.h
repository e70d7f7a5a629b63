// Python's string operations on UTF-8. Positions and widths are code points. Pure; Failure past kTextBytesMax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace estoc::jinja {

// `characters` null means white space, else the set of characters to take off.
std::string strip(std::string_view text, const std::string* characters, bool left, bool right);

// `separator` null splits at runs of white space. A negative `times` is no bound.
std::vector<std::string> split(std::string_view text, const std::string* separator, int64_t times, bool from_right);
std::vector<std::string> split_lines(std::string_view text, bool keeps_ends);
std::string replace(std::string_view text, std::string_view old, std::string_view with, int64_t times);
std::string pad(std::string_view text, int64_t width, const std::string& fill, bool left, bool right);

}  // namespace estoc::jinja
