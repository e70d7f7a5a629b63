#include "jinja/markup.h"

#include <algorithm>
#include <cctype>

#include "base/utf8.h"
#include "jinja/failure.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

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
