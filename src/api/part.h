// What the text of an answer is made of. An endpoint's format writes each kind in its own place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estoc::api {

enum class PartKind {
  content,    // the answer
  reasoning,  // what a model writes for itself before it
};

struct Part {
  PartKind kind = PartKind::content;
  std::string text;  // whole characters
  bool operator==(const Part&) const = default;
};

// Adds to the last part when that is of the same kind. An empty text adds nothing.
void append_part(std::vector<Part>& parts, PartKind kind, std::string_view text);

// The texts of one kind, or of all, joined in their order.
std::string text_of(const std::vector<Part>& parts, PartKind kind);
std::string text_of(const std::vector<Part>& parts);

}  // namespace estoc::api
