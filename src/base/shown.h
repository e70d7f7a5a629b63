// A name from a file or from the network as a message may show it.
// Threads: pure function. Nothing is thrown.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

// One line of printable characters, not too long.
std::string shown(std::string_view name);

}  // namespace estoc
