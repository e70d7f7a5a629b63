#include "dialects/part.h"

namespace estoc {

void append_part(std::vector<Part>& parts, PartKind kind, std::string_view text) {
  append_part(parts, Part{kind, std::string(text)});
}

void append_part(std::vector<Part>& parts, Part part) {
  if (part.text.empty()) return;
  const bool is_new = parts.empty() || part.kind == PartKind::tool_call || parts.back().kind != part.kind ||
                      parts.back().call != part.call;
  if (is_new) {
    parts.push_back(std::move(part));
  } else {
    parts.back().text += part.text;
  }
}

std::string text_of(const std::vector<Part>& parts, PartKind kind) {
  std::string text;
  for (const Part& part : parts) {
    if (part.kind == kind) text += part.text;
  }
  return text;
}

std::string text_of(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts) text += part.text;
  return text;
}

}  // namespace estoc
