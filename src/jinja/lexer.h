// Template text to tokens, with Jinja's white space rules as Hugging Face sets them: trim_blocks and lstrip_blocks on,
// one trailing newline of the template dropped, every line break read as \n.
//
// Errors: SyntaxError with the line.
// Internal to jinja/.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace estoc::jinja {

class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(int line, const std::string& message) : std::runtime_error(message), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

enum class TokenKind {
  data,            // text outside tags, already stripped
  variable_begin,  // {{
  variable_end,
  block_begin,  // {%
  block_end,
  name,
  string,  // unescaped
  integer,
  floating,
  sign,  // an operator or bracket, spelled in text
  end,   // of the template
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  int line = 1;
  int64_t integer = 0;
  double floating = 0;
};

// The last token is `end`. `source` is valid UTF-8.
std::vector<Token> tokenize(std::string_view source);

}  // namespace estoc::jinja
