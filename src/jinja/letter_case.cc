#include "jinja/unicode.h"

#include <utf8proc.h>

#include <cctype>
#include <iterator>

#include "base/utf8.h"

namespace estoc::jinja {
namespace {

constexpr uint32_t kCapitalSigma = 0x3A3;
constexpr uint32_t kSmallSigma = 0x3C3;
constexpr uint32_t kFinalSigma = 0x3C2;
constexpr uint32_t kCapitalDottedI = 0x130;

int32_t as_signed(uint32_t code) { return static_cast<int32_t>(code); }

bool is_ignorable(uint32_t code) {
  switch (utf8proc_category(as_signed(code))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return is_other_ignorable(code);
  }
}

// Whether the sigma at byte `at` ends a word: a cased letter before it and none after, whatever is ignorable in
// between.
bool is_final_sigma(std::string_view text, size_t at) {
  std::string_view before = text.substr(0, at);
  while (!before.empty() && is_ignorable(code_point_at(last_code_point(before)))) {
    before.remove_suffix(last_code_point(before).size());
  }
  if (before.empty() || !is_cased(code_point_at(last_code_point(before)))) return false;
  std::string_view after = text.substr(at + 2);
  while (!after.empty() && is_ignorable(code_point_at(after))) after.remove_prefix(first_bytes(after));
  return after.empty() || !is_cased(code_point_at(after));
}

// Lower case of a piece of `text`.
void append_lower(std::string& out, std::string_view text, std::string_view piece) {
  const uint32_t code = code_point_at(piece);
  if (code < 0x80) {
    out += static_cast<char>(std::tolower(static_cast<int>(code)));
  } else if (code == kCapitalSigma) {
    const auto at = static_cast<size_t>(piece.data() - text.data());
    utf8_append(out, is_final_sigma(text, at) ? kFinalSigma : kSmallSigma);
  } else if (code == kCapitalDottedI) {
    out += "i\xCC\x87";
  } else {
    utf8_append(out, static_cast<uint32_t>(utf8proc_tolower(as_signed(code))));
  }
}

void append_upper(std::string& out, std::string_view piece) {
  const uint32_t code = code_point_at(piece);
  if (code < 0x80) {
    out += static_cast<char>(std::toupper(static_cast<int>(code)));
  } else if (const char* special = special_upper(code)) {
    out += special;
  } else {
    utf8_append(out, static_cast<uint32_t>(utf8proc_toupper(as_signed(code))));
  }
}

void append_title(std::string& out, std::string_view piece) {
  const uint32_t code = code_point_at(piece);
  if (code < 0x80) {
    out += static_cast<char>(std::toupper(static_cast<int>(code)));
  } else if (const char* special = special_title(code)) {
    out += special;
  } else {
    utf8_append(out, static_cast<uint32_t>(utf8proc_totitle(as_signed(code))));
  }
}

bool is_all_of_case(std::string_view text, bool (*is_it)(uint32_t)) {
  bool found = false;
  for (const std::string_view piece : code_points(text)) {
    const uint32_t code = code_point_at(piece);
    if (is_it(code)) {
      found = true;
    } else if (is_cased(code)) {
      return false;
    }
  }
  return found;
}

}  // namespace

bool is_upper(uint32_t code) {
  return utf8proc_category(as_signed(code)) == UTF8PROC_CATEGORY_LU || is_other_upper(code);
}

bool is_lower(uint32_t code) {
  return utf8proc_category(as_signed(code)) == UTF8PROC_CATEGORY_LL || is_other_lower(code);
}

bool is_title(uint32_t code) { return utf8proc_category(as_signed(code)) == UTF8PROC_CATEGORY_LT; }

bool is_cased(uint32_t code) { return is_upper(code) || is_lower(code) || is_title(code); }

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const std::string_view piece : code_points(text)) append_upper(out, piece);
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const std::string_view piece : code_points(text)) append_lower(out, text, piece);
  return out;
}

std::string fold_case(std::string_view text) {
  std::string out;
  for (const std::string_view piece : code_points(text)) {
    utf8proc_int32_t folded[8];
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(as_signed(code_point_at(piece)), folded, std::size(folded), UTF8PROC_CASEFOLD, nullptr);
    for (utf8proc_ssize_t i = 0; i < count; ++i) utf8_append(out, static_cast<uint32_t>(folded[i]));
  }
  return out;
}

std::string capitalize(std::string_view text) {
  std::string out;
  for (const std::string_view piece : code_points(text)) {
    if (piece.data() == text.data()) {
      append_title(out, piece);
    } else {
      append_lower(out, text, piece);
    }
  }
  return out;
}

std::string title_case(std::string_view text) {
  std::string out;
  bool is_inside = false;
  for (const std::string_view piece : code_points(text)) {
    if (is_inside) {
      append_lower(out, text, piece);
    } else {
      append_title(out, piece);
    }
    is_inside = is_cased(code_point_at(piece));
  }
  return out;
}

std::string swap_case(std::string_view text) {
  std::string out;
  for (const std::string_view piece : code_points(text)) {
    const uint32_t code = code_point_at(piece);
    if (is_upper(code)) {
      append_lower(out, text, piece);
    } else if (is_lower(code)) {
      append_upper(out, piece);
    } else {
      out += piece;
    }
  }
  return out;
}

bool is_upper_text(std::string_view text) { return is_all_of_case(text, is_upper); }
bool is_lower_text(std::string_view text) { return is_all_of_case(text, is_lower); }

bool is_title_text(std::string_view text) {
  bool found = false;
  bool is_inside = false;
  for (const std::string_view piece : code_points(text)) {
    const uint32_t code = code_point_at(piece);
    const bool is_capital = is_upper(code) || is_title(code);
    if (is_capital ? is_inside : is_lower(code) && !is_inside) return false;
    is_inside = is_cased(code);
    found |= is_inside;
  }
  return found;
}

}  // namespace estoc::jinja
