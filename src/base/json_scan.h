// A look at JSON text before anything is built from it: is it within bounds?
//
// What: one pass over the bytes that takes no memory, so that a text made to be expensive is refused for the price of
// reading it. Says nothing about whether the text is JSON: on broken text it may count anything, and parse_json refuses
// it afterwards.
// Threads: any. Nothing throws.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace estoc {

struct JsonBounds {
  size_t depth_max = SIZE_MAX;         // arrays and objects within each other
  size_t values_max = SIZE_MAX;        // of any kind, also arrays and objects
  size_t string_bytes_max = SIZE_MAX;  // of one string, as it is after its escapes are read
};

struct JsonExcess {
  enum class Kind { depth, values, string };
  Kind kind = Kind::depth;
  std::string_view field;  // the outermost object's field it was found in, as written; empty when in none
  size_t bytes = 0;        // of the string, at least
};

// The first excess, or nothing.
std::optional<JsonExcess> find_json_excess(std::string_view text, const JsonBounds& bounds);

}  // namespace estoc
