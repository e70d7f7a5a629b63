#include "base/json_scan.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace estoc {
namespace {

// Where the string that begins at text[begin], behind its quote, ends: its closing quote or the end of the text.
size_t string_end(std::string_view text, size_t begin) {
  for (size_t at = begin;; ++at) {
    const void* quote = at < text.size() ? std::memchr(text.data() + at, '"', text.size() - at) : nullptr;
    if (quote == nullptr) return text.size();
    at = static_cast<size_t>(static_cast<const char*>(quote) - text.data());
    size_t backslashes = 0;
    while (at - backslashes > begin && text[at - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return at;
  }
}

// At least so many bytes are left of a string when its escapes are read: the longest, \u0000, becomes one.
size_t bytes_at_least(std::string_view written) {
  const auto backslashes = static_cast<size_t>(std::ranges::count(written, '\\'));
  return written.size() - std::min(written.size(), 5 * backslashes);
}

bool is_followed_by_colon(std::string_view text, size_t at) {
  const size_t next = text.find_first_not_of(" \t\r\n", at);
  return next != std::string_view::npos && text[next] == ':';
}

}  // namespace

std::optional<JsonExcess> find_json_excess(std::string_view text, const JsonBounds& bounds) {
  using Kind = JsonExcess::Kind;
  size_t depth = 0, values = 1;
  std::string_view field;
  for (size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"': {
        const size_t end = string_end(text, at + 1);
        const std::string_view written = text.substr(at + 1, end - at - 1);
        if (depth == 1 && is_followed_by_colon(text, std::min(end + 1, text.size()))) field = written;
        if (written.size() > bounds.string_bytes_max) {
          const size_t bytes = bytes_at_least(written);
          if (bytes > bounds.string_bytes_max) return JsonExcess{Kind::string, field, bytes};
        }
        at = end;
        break;
      }
      case '[':
      case '{':
        if (++depth > bounds.depth_max) return JsonExcess{Kind::depth, field, 0};
        ++values;
        break;
      case ']':
      case '}':
        depth -= depth > 0 ? 1 : 0;
        break;
      case ',':
        ++values;
        break;
      default:
        break;
    }
    if (values > bounds.values_max) return JsonExcess{Kind::values, field, 0};
  }
  return std::nullopt;
}

}  // namespace estoc
