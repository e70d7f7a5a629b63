// What the text of an answer is made of. An endpoint's format writes each kind in its own place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estoc {

enum class PartKind {
  content,         // the answer
  reasoning,       // what a model writes for itself before it
  tool_call,       // a call begins: the text is the tool's name
  tool_arguments,  // a piece of a call's arguments, which are one JSON text together
};

struct Part {
  PartKind kind = PartKind::content;
  std::string text;     // whole characters
  int call = 0;         // of tool_call and tool_arguments: which of the answer's calls, from 0
  std::string call_id;  // of tool_call
  bool operator==(const Part&) const = default;
};

// Adds to the last part when that is of the same kind. An empty text adds nothing.
void append_part(std::vector<Part>& parts, PartKind kind, std::string_view text);
// The same for a part of any kind and call: a call that begins is always a part of its own.
void append_part(std::vector<Part>& parts, Part part);

// The texts of one kind, or of all, joined in their order.
std::string text_of(const std::vector<Part>& parts, PartKind kind);
std::string text_of(const std::vector<Part>& parts);

}  // namespace estoc
