#include "api/part.h"

namespace estoc::api {

void append_part(std::vector<Part>& parts, PartKind kind, std::string_view text) {
  if (text.empty()) return;
  if (parts.empty() || parts.back().kind != kind) parts.push_back({kind, {}});
  parts.back().text += text;
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

}  // namespace estoc::api
