// Lists of numbers as flags give them: "0,4096". Pure.
#pragma once

#include <string_view>
#include <vector>

namespace estoc {

// At least one integer within [low, high], separated by commas, each kept once and in the order given.
// Throws Error{invalid_argument} that names the flag, what it was given and what was expected.
std::vector<int> parse_number_list(std::string_view flag, std::string_view text, int low, int high);

}  // namespace estoc
