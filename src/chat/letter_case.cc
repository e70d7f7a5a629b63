#include "chat/letter_case.h"

#include <utf8proc.h>

#include <iterator>
#include <vector>

#include "base/utf8.h"
#include "chat/unicode.h"
#include "chat/unicode_tables.h"

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

using Pieces = std::vector<std::string_view>;

// Whether the sigma at `at` ends a word: a cased letter before it and none after, whatever is ignorable in between.
bool is_final_sigma(const Pieces& pieces, size_t at) {
  size_t before = at;
  while (before > 0 && is_ignorable(code_point_at(pieces[before - 1]))) --before;
  if (before == 0 || !is_cased(code_point_at(pieces[before - 1]))) return false;
  size_t after = at + 1;
  while (after < pieces.size() && is_ignorable(code_point_at(pieces[after]))) ++after;
  return after == pieces.size() || !is_cased(code_point_at(pieces[after]));
}

void append_lower(std::string& out, const Pieces& pieces, size_t at) {
  const uint32_t code = code_point_at(pieces[at]);
  if (code == kCapitalSigma) {
    utf8_append(out, is_final_sigma(pieces, at) ? kFinalSigma : kSmallSigma);
  } else if (code == kCapitalDottedI) {
    out += "i\xCC\x87";
  } else {
    utf8_append(out, static_cast<uint32_t>(utf8proc_tolower(as_signed(code))));
  }
}

void append_upper(std::string& out, std::string_view piece) {
  const uint32_t code = code_point_at(piece);
  if (const char* special = special_upper(code)) {
    out += special;
  } else {
    utf8_append(out, static_cast<uint32_t>(utf8proc_toupper(as_signed(code))));
  }
}

void append_title(std::string& out, std::string_view piece) {
  const uint32_t code = code_point_at(piece);
  if (const char* special = special_title(code)) {
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
  const Pieces pieces = code_points(text);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < pieces.size(); ++i) append_lower(out, pieces, i);
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
  const Pieces pieces = code_points(text);
  std::string out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i == 0) {
      append_title(out, pieces[i]);
    } else {
      append_lower(out, pieces, i);
    }
  }
  return out;
}

std::string title_case(std::string_view text) {
  const Pieces pieces = code_points(text);
  std::string out;
  bool is_inside = false;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (is_inside) {
      append_lower(out, pieces, i);
    } else {
      append_title(out, pieces[i]);
    }
    is_inside = is_cased(code_point_at(pieces[i]));
  }
  return out;
}

std::string swap_case(std::string_view text) {
  const Pieces pieces = code_points(text);
  std::string out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const uint32_t code = code_point_at(pieces[i]);
    if (is_upper(code)) {
      append_lower(out, pieces, i);
    } else if (is_lower(code)) {
      append_upper(out, pieces[i]);
    } else {
      out += pieces[i];
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
