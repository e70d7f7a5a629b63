#include "hub/safe_names.h"

#include <algorithm>

#include "base/utf8.h"
#include "hub/hub_limits.h"

namespace estoc {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_name_character(char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; }

bool is_forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '\\' || c == ':' || c == '/';
}

}  // namespace

bool is_safe_part(std::string_view part) {
  return !part.empty() && part.size() <= limits::kPathPartBytesMax && part != "." && part != ".." &&
         std::none_of(part.begin(), part.end(), is_forbidden) && is_valid_utf8(part);
}

bool is_safe_path(std::string_view path) {
  if (path.size() > limits::kPathBytesMax) return false;
  for (size_t parts = 1;; ++parts) {
    const size_t end = path.find('/');
    if (parts > limits::kPathPartsMax || !is_safe_part(path.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

bool is_plain_name(std::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), is_name_character) &&
         is_letter_or_digit(text.front());
}

bool is_repo_id(std::string_view text) {
  const auto has = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (text.size() > limits::kRepoBytesMax || has("--") || has("..") || text.ends_with(".git")) return false;
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  for (const std::string_view part : {text.substr(0, slash), text.substr(slash + 1)}) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_name_character)) return false;
    if (part.front() == '-' || part.front() == '.' || part.back() == '-' || part.back() == '.') return false;
  }
  return true;
}

bool is_revision(std::string_view text) {
  if (text.empty() || text.size() > limits::kPathPartBytesMax || !is_safe_path(text)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_name_character(c) || c == '/' || c == '+'; }) &&
         text.find("..") == std::string_view::npos && text.front() != '-';
}

bool is_quant_name(std::string_view text) { return is_plain_name(text, 64); }

bool is_hex(std::string_view text, size_t count) {
  return text.size() == count &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace estoc
