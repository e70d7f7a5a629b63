// Python's view of text: code points, the kinds of characters, and the mappings between upper, lower and title case.
// The text is valid UTF-8. Pure functions.
//
// unicode.cc has code points and kinds, letter_case.cc the cases, unicode_tables.cc what utf8proc does not know.
// Internal to jinja/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace estoc::jinja {

size_t first_bytes(std::string_view text);  // the length of the first code point; 0 of an empty text
size_t count_code_points(std::string_view text);

// Byte offset of code point `index` (text.size() when there are fewer).
size_t code_point_offset(std::string_view text, size_t index);

// The code points of a text one by one, each as its own piece: for (std::string_view piece : code_points(text)).
class CodePoints {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    std::string_view operator*() const { return rest_.substr(0, first_bytes(rest_)); }
    Iterator& operator++() {
      rest_.remove_prefix(first_bytes(rest_));
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    std::string_view rest_;
  };

  explicit CodePoints(std::string_view text) : text_(text) {}
  Iterator begin() const { return Iterator(text_); }
  Iterator end() const { return Iterator(text_.substr(text_.size())); }

 private:
  std::string_view text_;
};
inline CodePoints code_points(std::string_view text) { return CodePoints(text); }

std::string_view last_code_point(std::string_view text);  // REQUIRES that it is not empty

uint32_t code_point_at(std::string_view piece);  // the first one
bool is_space(uint32_t code_point);              // str.isspace
bool is_letter(uint32_t code_point);             // str.isalpha
bool is_decimal(uint32_t code_point);            // str.isdecimal
bool is_digit(uint32_t code_point);              // str.isdigit
bool is_numeric(uint32_t code_point);            // str.isnumeric
bool is_alphanumeric(uint32_t code_point);       // str.isalnum
bool is_printable(uint32_t code_point);          // str.isprintable
bool is_identifier(std::string_view text);       // str.isidentifier
int decimal_value(uint32_t code_point);          // 0 to 9. REQUIRES is_decimal.

// Where `needle` is in `text`, in bytes, npos when it is not: linear time also for hostile texts.
size_t find_text(std::string_view text, std::string_view needle, size_t from = 0);
size_t find_last_text(std::string_view text, std::string_view needle);

size_t leading_space_bytes(std::string_view text);
size_t trailing_space_bytes(std::string_view text);

// Letter case.
bool is_upper(uint32_t code_point);
bool is_lower(uint32_t code_point);
bool is_title(uint32_t code_point);  // ǅ and its like
bool is_cased(uint32_t code_point);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string fold_case(std::string_view text);   // str.casefold
std::string capitalize(std::string_view text);  // the first in title case, the rest lower
std::string title_case(std::string_view text);  // str.title
std::string swap_case(std::string_view text);

// str.isupper, islower and istitle: whether there are cased letters and all of them are as the name says.
bool is_upper_text(std::string_view text);
bool is_lower_text(std::string_view text);
bool is_title_text(std::string_view text);

// The properties that utf8proc lacks: beyond what the general category of the character tells.
bool is_other_lower(uint32_t code);
bool is_other_upper(uint32_t code);
bool is_other_digit(uint32_t code);
bool is_other_numeric(uint32_t code);
bool is_other_ignorable(uint32_t code);  // for the rule of the Greek final sigma

// The mapping (UTF-8) of a character whose upper or title case is longer than one character; null for the others.
const char* special_upper(uint32_t code);
const char* special_title(uint32_t code);

}  // namespace estoc::jinja
