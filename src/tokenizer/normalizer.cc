#include "tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "tokenizer/library_characters.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

// The class of a mark; one that is newer than the library's tables moves nowhere and lets no other pass.
utf8proc_propval_t class_of(utf8proc_int32_t c) {
  const utf8proc_propval_t combining = utf8proc_get_property(c)->combining_class;
  return combining == 0 || combining_marks().contains(static_cast<uint32_t>(c)) ? combining : utf8proc_propval_t{0};
}

// Combining marks in canonical order: stably sorted by class between starters. Done here because the library swaps
// neighbours, which takes quadratic time over a long run of marks.
void order_marks(std::vector<utf8proc_int32_t>& code_points) {
  for (auto at = code_points.begin(); at != code_points.end();) {
    at = std::find_if(at, code_points.end(), [&](auto c) { return class_of(c) != 0; });
    const auto end = std::find_if(at, code_points.end(), [&](auto c) { return class_of(c) == 0; });
    std::stable_sort(at, end, [&](auto a, auto b) { return class_of(a) < class_of(b); });
    at = end;
  }
}

// Composes between marks that are newer than the library's tables, which go with nothing.
void compose(std::vector<utf8proc_int32_t>& code_points) {
  const auto is_late = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class != class_of(c); };
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  auto kept = code_points.begin();
  for (auto start = code_points.begin(); start != code_points.end();) {
    const auto end = std::find_if(start, code_points.end(), is_late);
    auto count = static_cast<utf8proc_ssize_t>(end - start);
    if (count > 0) count = utf8proc_normalize_utf32(&*start, count, kOptions);
    kept = std::copy_n(start, count, kept);
    start = end;
    if (start != code_points.end()) *kept++ = *start++;
  }
  code_points.erase(kept, code_points.end());
}

void append_normalized(std::string& out, std::string_view valid_text, UnicodeForm form) {
  const bool is_compatible = form == UnicodeForm::nfkc || form == UnicodeForm::nfkd;
  const bool composes = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (is_compatible ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> code_points;
  code_points.reserve(valid_text.size());
  const CodePointSet& undecomposed = undecomposed_characters();
  for (size_t at = 0; at < valid_text.size();) {
    const Character c = character_at(valid_text, at);
    at += c.bytes;
    if (c.code_point < 0x80 || undecomposed.contains(c.code_point)) {
      code_points.push_back(static_cast<utf8proc_int32_t>(c.code_point));
      continue;
    }
    // No decomposition is longer than 18 code points (U+FDFA).
    utf8proc_int32_t parts[32];
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code_point), parts, 32, options, &boundary);
    if (count > 0 && count <= 32) code_points.insert(code_points.end(), parts, parts + count);
  }
  order_marks(code_points);
  if (composes) compose(code_points);
  for (const utf8proc_int32_t c : code_points) utf8_append(out, static_cast<uint32_t>(c));
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
    } else if (c.code_point < 0x80) {
      out += static_cast<char>(c.code_point >= 'A' && c.code_point <= 'Z' ? c.code_point + 32 : c.code_point);
    } else if (const uint32_t late = late_lower_case(c.code_point); late != 0) {
      utf8_append(out, late);
    } else {
      utf8_append(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code_point))));
    }
    at += c.bytes;
  }
  return out;
}

std::string without(std::string_view text, const CodePointSet& characters) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (!characters.contains(c.code_point)) out += text.substr(at, c.bytes);
    at += c.bytes;
  }
  return out;
}

std::string stripped(std::string_view text, bool left, bool right) {
  while (left && !text.empty()) {
    const Character c = character_at(text, 0);
    if ((c.classes & kSpaceClass) == 0) break;
    text.remove_prefix(c.bytes);
  }
  while (right && !text.empty()) {
    const Character c = character_before(text, text.size());
    if ((c.classes & kSpaceClass) == 0) break;
    text.remove_suffix(c.bytes);
  }
  return std::string(text);
}

std::string nmt_normalized(std::string_view text) {
  const auto is_dropped = [](uint32_t c) {
    return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
  };
  const auto is_blank = [](uint32_t c) {
    return c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 ||
           c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
  };
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (is_blank(c.code_point)) {
      out += ' ';
    } else if (!is_dropped(c.code_point)) {
      out += text.substr(at, c.bytes);
    }
    at += c.bytes;
  }
  return out;
}

}  // namespace estoc
