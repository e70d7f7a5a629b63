// URI references, as far as identifiers of schemas need them (RFC 3986, section 5).
//
// Pure functions on text; nothing is fetched. Nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace estoc::grammar {

std::string resolve_uri(std::string_view base, std::string_view reference);
// What stands before and behind '#'; the fragment without its %-escapes.
std::pair<std::string, std::string> split_fragment(std::string_view uri);

}  // namespace estoc::grammar
