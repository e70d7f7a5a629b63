#include "chat/unicode.h"

#include <utf8proc.h>

#include <cstring>

#include "base/utf8.h"
#include "chat/failure.h"

namespace estoc::jinja {
namespace {

size_t piece_bytes(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

template <typename Map>
std::string map_case(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (const std::string_view piece : code_points(text)) utf8_append(out, map(code_point_at(piece)));
  return out;
}

// Greek's and German's letters whose upper case is longer than one letter are few; the sharp s is the one people write.
std::string upper_with_sharp_s(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const std::string_view piece : code_points(text)) {
    const uint32_t code_point = code_point_at(piece);
    if (code_point == 0xDF) {
      out += "SS";
    } else {
      utf8_append(out, static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code_point))));
    }
  }
  return out;
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

std::vector<std::string_view> code_points(std::string_view text) {
  std::vector<std::string_view> pieces;
  pieces.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = std::min(piece_bytes(static_cast<unsigned char>(text[at])), text.size() - at);
    pieces.push_back(text.substr(at, bytes));
    at += bytes;
  }
  return pieces;
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

bool is_upper(uint32_t c) { return utf8proc_isupper(static_cast<utf8proc_int32_t>(c)) != 0; }

bool is_lower(uint32_t c) { return utf8proc_islower(static_cast<utf8proc_int32_t>(c)) != 0; }

std::string to_upper(std::string_view text) { return upper_with_sharp_s(text); }

std::string to_lower(std::string_view text) {
  return map_case(text,
                  [](uint32_t c) { return static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); });
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  const size_t first = code_point_offset(text, 1);
  return to_upper(text.substr(0, first)) + to_lower(text.substr(first));
}

// glibc's memmem is a two-way search; string_view::find compares from every place.
size_t find_text(std::string_view text, std::string_view needle, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

size_t find_last_text(std::string_view text, std::string_view needle) {
  constexpr size_t kNeedleBytesMax = 4096;
  if (needle.size() > kNeedleBytesMax) stop("a search from the right is for at most {} bytes", kNeedleBytesMax);
  return text.rfind(needle);
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
