// Every occurrence of one string replaced by another, from left to right without overlaps.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

// `from` is not empty.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace estoc
