#include "tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

// Combining marks in canonical order: stably sorted by class between starters. Done here because the library swaps
// neighbours, which takes quadratic time over a long run of marks.
void order_marks(std::vector<utf8proc_int32_t>& code_points) {
  const auto class_of = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto at = code_points.begin(); at != code_points.end();) {
    at = std::find_if(at, code_points.end(), [&](auto c) { return class_of(c) != 0; });
    const auto end = std::find_if(at, code_points.end(), [&](auto c) { return class_of(c) == 0; });
    std::stable_sort(at, end, [&](auto a, auto b) { return class_of(a) < class_of(b); });
    at = end;
  }
}

void append_normalized(std::string& out, std::string_view valid_text, UnicodeForm form) {
  const bool is_compatible = form == UnicodeForm::nfkc || form == UnicodeForm::nfkd;
  const bool composes = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (is_compatible ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> code_points;
  code_points.reserve(valid_text.size());
  for (size_t at = 0; at < valid_text.size();) {
    const Character c = character_at(valid_text, at);
    at += c.bytes;
    // No decomposition is longer than 18 code points (U+FDFA).
    utf8proc_int32_t parts[32];
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code_point), parts, 32, options, &boundary);
    if (count > 0 && count <= 32) code_points.insert(code_points.end(), parts, parts + count);
  }
  order_marks(code_points);
  auto count = static_cast<utf8proc_ssize_t>(code_points.size());
  if (composes) {
    count = utf8proc_normalize_utf32(code_points.data(), count,
                                     static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    utf8_append(out, static_cast<uint32_t>(code_points[static_cast<size_t>(i)]));
}

}  // namespace

std::string to_unicode_form(std::string_view text, UnicodeForm form) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  size_t start = 0;  // of the valid stretch not yet written
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.code_point == kBrokenByte) {
      append_normalized(out, text.substr(start, at - start), form);
      out.push_back(text[at]);
      start = at + 1;
    }
    at += c.bytes;
  }
  append_normalized(out, text.substr(start), form);
  return out;
}

std::string to_lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.code_point == kBrokenByte) {
      out.push_back(text[at]);
    } else if (c.code_point == 0x130) {
      out += "i\xCC\x87";  // the only character whose lower case is two
    } else {
      utf8_append(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code_point))));
    }
    at += c.bytes;
  }
  return out;
}

}  // namespace estoc
