#include "jinja/text_operations.h"

#include <algorithm>
#include <unordered_set>

#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

void check_size(size_t bytes) {
  if (bytes > kTextBytesMax) stop("a string is longer than {} bytes", kTextBytesMax);
}

void add_part(std::vector<std::string>& parts, std::string_view part) {
  if (parts.size() >= kItemsMax) stop("a text splits into more than {} parts", kItemsMax);
  parts.emplace_back(part);
}

std::vector<std::string> split_at_space(std::string_view text, int64_t times) {
  std::vector<std::string> parts;
  text.remove_prefix(leading_space_bytes(text));
  while (!text.empty()) {
    if (times >= 0 && static_cast<int64_t>(parts.size()) == times) {
      add_part(parts, text);  // Python keeps the white space at the end of the last part
      break;
    }
    size_t end = 0;
    while (end < text.size() && leading_space_bytes(text.substr(end)) == 0)
      end += code_point_offset(text.substr(end), 1);
    add_part(parts, text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(leading_space_bytes(text));
  }
  return parts;
}

std::vector<std::string> split_at_space_from_right(std::string_view text, int64_t times) {
  std::vector<std::string> parts;
  text.remove_suffix(trailing_space_bytes(text));
  while (!text.empty()) {
    if (times >= 0 && static_cast<int64_t>(parts.size()) == times) {
      add_part(parts, text);
      break;
    }
    size_t start = text.size();
    while (start > 0 && trailing_space_bytes(text.substr(0, start)) == 0) {
      do --start;
      while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80);
    }
    add_part(parts, text.substr(start));
    text = text.substr(0, start);
    text.remove_suffix(trailing_space_bytes(text));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

// As from the left, on the text and the separator turned around.
std::vector<std::string> split_from_right(std::string_view text, std::string_view separator, int64_t times) {
  const std::string backward(text.rbegin(), text.rend());
  const std::string mark(separator.rbegin(), separator.rend());
  std::vector<std::string> parts;
  size_t done = 0;
  while (times < 0 || static_cast<int64_t>(parts.size()) < times) {
    const size_t at = find_text(backward, mark, done);
    if (at == std::string_view::npos) break;
    add_part(parts, text.substr(text.size() - at, at - done));
    done = at + mark.size();
  }
  add_part(parts, text.substr(0, text.size() - done));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::string replace_everywhere(std::string_view text, std::string_view with, int64_t times) {
  std::string out;
  const auto places = static_cast<int64_t>(count_code_points(text)) + 1;
  int64_t left = times < 0 ? places : std::min(times, places);
  check_size(text.size() + with.size() * static_cast<size_t>(left));
  for (const std::string_view piece : code_points(text)) {
    if (left-- > 0) out += with;
    out += piece;
  }
  if (left > 0) out += with;
  return out;
}

}  // namespace

std::string strip(std::string_view text, const std::string* characters, bool left, bool right) {
  if (!characters) {
    if (left) text.remove_prefix(leading_space_bytes(text));
    if (right) text.remove_suffix(trailing_space_bytes(text));
    return std::string(text);
  }
  const CodePoints list = code_points(*characters);
  const std::unordered_set<std::string_view> set(list.begin(), list.end());
  while (left && !text.empty() && set.contains(text.substr(0, first_bytes(text)))) {
    text.remove_prefix(first_bytes(text));
  }
  while (right && !text.empty() && set.contains(last_code_point(text))) {
    text.remove_suffix(last_code_point(text).size());
  }
  return std::string(text);
}

std::vector<std::string> split(std::string_view text, const std::string* separator, int64_t times, bool from_right) {
  if (!separator) return from_right ? split_at_space_from_right(text, times) : split_at_space(text, times);
  if (from_right) return split_from_right(text, *separator, times);
  std::vector<std::string> parts;
  while (times < 0 || static_cast<int64_t>(parts.size()) < times) {
    const size_t at = find_text(text, *separator);
    if (at == std::string_view::npos) break;
    add_part(parts, text.substr(0, at));
    text.remove_prefix(at + separator->size());
  }
  add_part(parts, text);
  return parts;
}

std::vector<std::string> split_lines(std::string_view text, bool keeps_ends) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    size_t end = 0;
    size_t mark = 0;
    while (end < text.size() && mark == 0) {
      const uint32_t c = code_point_at(text.substr(end));
      const bool is_break =
          (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
      const size_t bytes = code_point_offset(text.substr(end), 1);
      if (!is_break) {
        end += bytes;
      } else {
        mark = text.substr(end).starts_with("\r\n") ? 2 : bytes;
      }
    }
    add_part(lines, text.substr(0, keeps_ends ? end + mark : end));
    text.remove_prefix(end + mark);
  }
  return lines;
}

std::string replace(std::string_view text, std::string_view old, std::string_view with, int64_t times) {
  if (times == 0) return std::string(text);
  if (old.empty()) return replace_everywhere(text, with, times);
  std::string out;
  for (int64_t done = 0; times < 0 || done < times; ++done) {
    const size_t at = find_text(text, old);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at);
    out += with;
    text.remove_prefix(at + old.size());
    check_size(out.size());
  }
  out += text;
  return out;
}

std::string pad(std::string_view text, int64_t width, const std::string& fill, bool left, bool right) {
  if (count_code_points(fill) != 1) stop("the fill character must be exactly one character long");
  const auto length = static_cast<int64_t>(count_code_points(text));
  if (width <= length) return std::string(text);
  const int64_t missing = width - length;
  check_size(static_cast<size_t>(std::min<int64_t>(missing, kTextBytesMax + 1)) * fill.size());
  // str.center puts the odd one left when the width is odd.
  const int64_t before = !left ? 0 : !right ? missing : missing / 2 + (missing & width & 1);
  std::string out;
  for (int64_t i = 0; i < before; ++i) out += fill;
  out += text;
  for (int64_t i = before; i < missing; ++i) out += fill;
  return out;
}

}  // namespace estoc::jinja
