#include "jinja/text_operations.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "base/utf8.h"
#include "jinja/evaluator.h"
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

bool is_letter_of_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// The character of "&#60;" or "&#x3c;" at the start of `text`, which it shortens; false when there is none.
bool take_numeric(std::string& out, std::string_view& text) {
  const bool is_hex = text.size() > 2 && (text[2] | 32) == 'x';
  const size_t start = is_hex ? 3 : 2;
  size_t end = start;
  uint32_t code = 0;
  for (; end < text.size() && (is_hex ? std::isxdigit(static_cast<unsigned char>(text[end]))
                                      : std::isdigit(static_cast<unsigned char>(text[end])));
       ++end) {
    const uint32_t digit =
        text[end] <= '9' ? static_cast<uint32_t>(text[end] - '0') : static_cast<uint32_t>((text[end] | 32) - 'a' + 10);
    code = std::min<uint32_t>(code * (is_hex ? 16 : 10) + digit, 0x110000);
  }
  if (end == start) return false;
  const bool is_printable_ascii = code >= 0x20 && code < 0x7F;
  const bool is_plain = is_printable_ascii || code == '\t' || code == '\n' ||
                        (code >= 0xA0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) &&
                         (code & 0xFFFE) != 0xFFFE && (code < 0xFDD0 || code > 0xFDEF));
  if (!is_plain) stop("the entity '{}' is not supported", text.substr(0, end));
  utf8_append(out, code);
  if (end < text.size() && text[end] == ';') ++end;
  text.remove_prefix(end);
  return true;
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

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escaped_text(Evaluator& evaluator, const Value& value) {
  if (value.is_string() && value.text().is_markup) return value.bytes();
  return escape_html(evaluator.text_of(value));
}

std::string without_entities(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}, {"&nbsp;", "\xC2\xA0"}};
  std::string out;
  while (!text.empty()) {
    const size_t at = std::min(text.find('&'), text.size());
    out += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    const auto* named = std::find_if(std::begin(kNamed), std::end(kNamed),
                                     [&](const auto& one) { return text.starts_with(one.first); });
    if (named != std::end(kNamed)) {
      out += named->second;
      text.remove_prefix(named->first.size());
    } else if (!(text.starts_with("&#") && take_numeric(out, text))) {
      if (text.size() > 1 && is_letter_of_name(text[1]))
        stop("the entity '{}' is not supported", text.substr(0, code_point_offset(text, 12)));
      out += '&';
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string without_tags(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const size_t open = text.find('<');
    if (open == std::string_view::npos) break;
    const std::string_view tag = text.substr(open);
    const bool is_comment = tag.starts_with("<!--");
    const size_t close = is_comment ? find_text(tag, "-->", 4) : tag.find('>');
    if (close == std::string_view::npos) break;
    plain += text.substr(0, open);
    text.remove_prefix(open + close + (is_comment ? 3 : 1));
  }
  plain += text;
  std::string out;
  for (const std::string& word : split(plain, nullptr, -1, false)) out += (out.empty() ? "" : " ") + word;
  return without_entities(out);
}

}  // namespace estoc::jinja
