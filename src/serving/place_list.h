// Which layers go where, as a user spells it: "cpu:0-7,cuda:0:8-23,cuda:1:24-31".
// Threads: any. Errors: throws Error{invalid_argument} with one sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estoc {

struct PlacedLayers {
  std::string device;        // as ModelOptions::places has it
  int first = 0, last = -1;  // both included
  bool operator==(const PlacedLayers&) const = default;
};

inline constexpr size_t kPlacesMax = 64;

// A place, a colon and a layer or two with a dash between them; each from where the one before ends. Devices, unlike
// "cpu", may be named once.
std::vector<PlacedLayers> parse_places(std::string_view text);

}  // namespace estoc
