// Text inside XML and HTML. Pure.
// Internal to report/.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

// For content and quoted attributes. What XML cannot hold (control characters, broken UTF-8) becomes U+FFFD.
std::string escape_markup(std::string_view text);

}  // namespace estoc
