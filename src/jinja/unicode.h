// Python's view of text: code points and the kinds of characters. The text is valid UTF-8. Pure functions.
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

}  // namespace estoc::jinja
