// Every occurrence of one string, or match of a pattern, replaced by another string: from left to right without
// overlaps.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

class Regex;

// `from` is not empty.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// Empty matches are left alone.
std::string replace_matches(std::string_view text, const Regex& pattern, std::string_view to);

}  // namespace estoc
