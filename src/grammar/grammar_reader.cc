#include "grammar/grammar_reader.h"

#include <algorithm>

#include "base/hex.h"
#include "base/utf8.h"
#include "grammar/char_set.h"
#include "grammar/limits.h"

namespace estoc::grammar {

GrammarReader::GrammarReader(std::string_view text) : text_(text) {
  if (text.size() > limits::kSourceBytesMax) {
    fail(ErrorCode::invalid_argument, "the grammar has {} bytes, and {} are allowed", text.size(),
         limits::kSourceBytesMax);
  }
  if (!is_valid_utf8(text)) fail(ErrorCode::invalid_argument, "the grammar is not UTF-8");
}

void GrammarReader::refuse(const std::string& what, ErrorCode code) const {
  const size_t end = std::min(at_, text_.size());
  const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<int64_t>(end), '\n');
  fail(code, "grammar, line {}: {}", line, what);
}

bool GrammarReader::take(std::string_view what) {
  if (!text_.substr(at_).starts_with(what)) return false;
  at_ += what.size();
  return true;
}

int GrammarReader::number() {
  int out = 0;
  const size_t begin = at_;
  for (; peek() >= '0' && peek() <= '9'; ++at_) {
    out = out * 10 + (peek() - '0');
    if (out > limits::kRepeatMax) refuse("a repeat that is too large");
  }
  if (at_ == begin) refuse("a number was expected");
  return out;
}

uint32_t GrammarReader::hex(int digits) {
  uint32_t out = 0;
  for (int i = 0; i < digits; ++i, ++at_) {
    const int digit = hex_digit(peek());
    if (digit < 0) refuse("a hexadecimal escape that is too short");
    out = out * 16 + static_cast<uint32_t>(digit);
  }
  if (out > kCodePointMax || (out >= 0xD800 && out <= 0xDFFF)) refuse("a code point that does not exist");
  return out;
}

}  // namespace estoc::grammar
