#include "jinja/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace estoc::jinja {
namespace {

size_t piece_bytes(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

// The characters that may begin an identifier, and those that may go on with it: the categories, and what XID_Start and
// XID_Continue add to them and take from them.
bool starts_identifier(uint32_t c) {
  if (c == '_' || (c >= 0x1885 && c <= 0x1886) || c == 0x2118 || c == 0x212E) return true;
  if (c == 0xE33 || c == 0xEB3 || (c >= 0xFF9E && c <= 0xFF9F)) return false;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  const bool is_compatible = c == 0x37A || c == 0x2E2F || (c >= 0xFC5E && c <= 0xFC63) ||
                             (c >= 0xFDFA && c <= 0xFDFB) || (c >= 0xFE70 && c <= 0xFE7E && c % 2 == 0);
  return (is_letter(c) || category == UTF8PROC_CATEGORY_NL) && !is_compatible;
}

bool continues_identifier(uint32_t c) {
  if (starts_identifier(c) || c == 0xB7 || c == 0x387 || (c >= 0x1369 && c <= 0x1371) || c == 0x19DA) return true;
  if (c == 0xE33 || c == 0xEB3 || (c >= 0xFF9E && c <= 0xFF9F)) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

}  // namespace

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return count;
}

size_t code_point_offset(std::string_view text, size_t index) {
  size_t at = 0;
  while (index > 0 && at < text.size()) {
    at += piece_bytes(static_cast<unsigned char>(text[at]));
    --index;
  }
  return std::min(at, text.size());
}

size_t first_bytes(std::string_view text) {
  return text.empty() ? 0 : std::min(piece_bytes(static_cast<unsigned char>(text[0])), text.size());
}

std::string_view last_code_point(std::string_view text) {
  size_t start = text.size() - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return text.substr(start);
}

uint32_t code_point_at(std::string_view piece) {
  return utf8_decode(piece,
                     static_cast<int>(std::min(piece_bytes(static_cast<unsigned char>(piece[0])), piece.size())));
}

bool is_space(uint32_t c) {
  if (c < 0x80) return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_letter(uint32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(uint32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND; }

bool is_digit(uint32_t c) { return is_decimal(c) || is_other_digit(c); }

bool is_numeric(uint32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) || is_other_numeric(c);
}

bool is_alphanumeric(uint32_t c) { return is_letter(c) || is_numeric(c); }

bool is_identifier(std::string_view text) {
  bool is_first = true;
  for (const std::string_view piece : code_points(text)) {
    const uint32_t c = code_point_at(piece);
    if (is_first ? !starts_identifier(c) : !continues_identifier(c)) return false;
    is_first = false;
  }
  return !text.empty();
}

// Decimal digits come in runs of ten from zero on.
int decimal_value(uint32_t c) {
  uint32_t first = c;
  while (is_decimal(first - 1)) --first;
  return static_cast<int>((c - first) % 10);
}

bool is_printable(uint32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ';
    default:
      return true;
  }
}

// glibc's memmem is a two-way search; string_view::find compares from every place.
size_t find_text(std::string_view text, std::string_view needle, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

// The first place from the right, by the search that is linear from the left.
size_t find_last_text(std::string_view text, std::string_view needle) {
  if (needle.size() > text.size()) return std::string_view::npos;
  const std::string backward(text.rbegin(), text.rend());
  const size_t at = find_text(backward, std::string(needle.rbegin(), needle.rend()));
  return at == std::string_view::npos ? at : text.size() - at - needle.size();
}

size_t leading_space_bytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && is_space(code_point_at(text.substr(at)))) {
    at += piece_bytes(static_cast<unsigned char>(text[at]));
  }
  return at;
}

size_t trailing_space_bytes(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t start = end - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (!is_space(code_point_at(text.substr(start)))) break;
    end = start;
  }
  return text.size() - end;
}

}  // namespace estoc::jinja
