// What readers of written grammars have in common: a place in the text, and where something is wrong. Internal to the
// room.
//
// Ownership: borrows the text. Threads: one. Errors: Error with the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace estoc::grammar {

class GrammarReader {
 public:
  // The text of a grammar, within the limits of its size and in UTF-8.
  explicit GrammarReader(std::string_view text);

 protected:
  [[noreturn]] void refuse(const std::string& what, ErrorCode code = ErrorCode::invalid_argument) const;
  bool take(std::string_view what);
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool is_at_end() const { return at_ >= text_.size(); }
  // A bound of a repeat.
  int number();
  // A code point of so many hexadecimal digits.
  uint32_t hex(int digits);

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace estoc::grammar
