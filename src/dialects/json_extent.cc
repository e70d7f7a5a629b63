#include "dialects/json_extent.h"

#include <fmt/format.h>

namespace estoc {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

}  // namespace

JsonExtent::Verdict JsonExtent::take(char c) {
  if (is_in_string_) {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else if (c == '"') {
      is_in_string_ = false;
      if (open_.empty()) return Verdict::last;
    }
    return Verdict::inside;
  }
  if (is_scalar_ && !is_word(c)) return Verdict::before;
  if (is_word(c)) {
    is_scalar_ = open_.empty();
    return Verdict::inside;
  }
  if (c == '"') {
    is_in_string_ = true;
    return Verdict::inside;
  }
  if (c == '{' || c == '[') {
    open_ += c;
    return Verdict::inside;
  }
  if (c == '}' || c == ']') {
    if (open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return Verdict::wrong;
    open_.pop_back();
    return open_.empty() ? Verdict::last : Verdict::inside;
  }
  const bool is_between = !open_.empty() && (c == ',' || c == ':' || is_blank(c));
  return is_between ? Verdict::inside : Verdict::wrong;
}

size_t JsonExtent::copy(std::string_view text, std::string& value) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool was_in_string = is_in_string_;
    const Verdict verdict = take(text[i]);
    is_done_ = verdict == Verdict::before || verdict == Verdict::last;
    is_wrong_ = verdict == Verdict::wrong;
    if (verdict == Verdict::before || verdict == Verdict::wrong) return i;
    if (was_in_string && is_control(text[i])) {
      value += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[i]));
    } else {
      value += text[i];
    }
    if (verdict == Verdict::last) return i + 1;
  }
  return text.size();
}

}  // namespace estoc
