// The terminals of Lark's `common`, as expressions. Internal to the room.
#pragma once

#include <string_view>

namespace estoc::grammar {

// Empty when there is none of the name.
std::string_view lark_terminal(std::string_view name);

}  // namespace estoc::grammar
