#include "jinja/literals.h"

#include <charconv>
#include <cstdlib>

#include "base/hex.h"
#include "base/utf8.h"
#include "jinja/failure.h"

namespace estoc::jinja {
namespace {

bool is_digit_of(char c, int base) {
  const int value = hex_digit(c);
  return value >= 0 && value < base;
}

// Digits with single underscores between them; `at` is where they start.
size_t digits_end(std::string_view text, size_t at, int base) {
  if (at >= text.size() || !is_digit_of(text[at], base)) return at;
  ++at;
  while (at < text.size()) {
    const size_t digit = text[at] == '_' ? at + 1 : at;
    if (digit >= text.size() || !is_digit_of(text[digit], base)) break;
    at = digit + 1;
  }
  return at;
}

int base_of(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 10;
  const char mark = static_cast<char>(text[1] | 32);
  return mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
}

uint32_t code_of(std::string_view spelled, size_t at, size_t digits) {
  if (spelled.size() - at < digits) stop("truncated escape in a string literal");
  uint32_t code = 0;
  const char* end = spelled.data() + at + digits;
  if (std::from_chars(spelled.data() + at, end, code, 16).ptr != end) stop("bad escape in a string literal");
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) stop("an escape in a string literal is no character");
  return code;
}

// Handles the escape whose letter is at `at`; returns where the text goes on.
size_t append_escape(std::string& out, std::string_view spelled, size_t at) {
  const char c = spelled[at];
  static constexpr std::string_view kLetters = "abfnrtv\\'\"";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
  if (const size_t i = kLetters.find(c); i != std::string_view::npos) {
    out += kMeanings[i];
    return at + 1;
  }
  if (c == '\n') return at + 1;
  if (c >= '0' && c <= '7') {
    uint32_t code = 0;
    size_t digits = 0;
    for (; digits < 3 && at < spelled.size() && spelled[at] >= '0' && spelled[at] <= '7'; ++digits) {
      code = code * 8 + static_cast<uint32_t>(spelled[at++] - '0');
    }
    utf8_append(out, code);
    return at;
  }
  if (c == 'x' || c == 'u' || c == 'U') {
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    utf8_append(out, code_of(spelled, at + 1, digits));
    return at + 1 + digits;
  }
  if (c == 'N') stop("named escapes (\\N) are not supported");
  out += '\\';
  return at;
}

std::string without_underscores(std::string_view spelled) {
  std::string plain;
  for (const char c : spelled) {
    if (c != '_') plain += c;
  }
  return plain;
}

}  // namespace

std::string unescape(std::string_view spelled) {
  std::string out;
  for (size_t at = 0; at < spelled.size();) {
    if (spelled[at] != '\\') {
      out += spelled[at++];
    } else if (at + 1 == spelled.size()) {
      stop("a string literal ends in a backslash");
    } else {
      at = append_escape(out, spelled, at + 1);
    }
  }
  return out;
}

size_t float_length(std::string_view text) {
  const size_t whole = digits_end(text, 0, 10);
  if (whole == 0) return 0;
  size_t at = whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = digits_end(text, at + 1, 10);
    at = fraction == at + 1 ? at : fraction;
  }
  if (at < text.size() && (text[at] | 32) == 'e') {
    size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const size_t end = digits_end(text, exponent, 10);
    if (end > exponent) at = end;
  }
  return at == whole ? 0 : at;
}

size_t integer_length(std::string_view text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return 0;
  if (const int base = base_of(text); base != 10) {
    const size_t start = text.size() > 2 && text[2] == '_' ? 3 : 2;
    const size_t end = digits_end(text, start, base);
    return end > start ? end : 1;
  }
  if (text[0] != '0') return digits_end(text, 0, 10);
  size_t at = 1;  // only zeros may follow a zero
  while (at < text.size() && (text[at] == '0' || (text[at] == '_' && at + 1 < text.size() && text[at + 1] == '0')))
    ++at;
  return at;
}

int64_t parse_integer(std::string_view spelled) {
  const int base = base_of(spelled);
  const std::string plain = without_underscores(base == 10 ? spelled : spelled.substr(2));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
  if (error != std::errc() || end != plain.data() + plain.size()) stop("the integer {} is beyond 64 bits", spelled);
  return value;
}

double parse_float(std::string_view spelled) { return std::strtod(without_underscores(spelled).c_str(), nullptr); }

}  // namespace estoc::jinja
