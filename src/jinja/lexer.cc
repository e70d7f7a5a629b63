#include "jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>

#include "jinja/failure.h"
#include "jinja/literals.h"
#include "jinja/unicode.h"

namespace estoc::jinja {
namespace {

std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80); }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : owned_(normalized(source)), source_(owned_) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) root();
    add(TokenKind::end, "end of template");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail_here(const std::string& message) { throw SyntaxError(line_, message); }
  bool sees(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  template <typename Read>
  auto located(Read read) {
    try {
      return read();
    } catch (const Failure& failure) {
      fail_here(failure.what());
    }
  }

  void add(TokenKind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.text = std::move(text);
    token.line = line_;
    tokens_.push_back(std::move(token));
  }

  void advance_to(size_t to) {
    line_ += static_cast<int>(
        std::count(source_.begin() + static_cast<ptrdiff_t>(at_), source_.begin() + static_cast<ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  void skip_space() { advance_to(at_ + leading_space_bytes(source_.substr(at_))); }

  // Text up to the tag at `tag`, stripped on its right as the tag's sign and lstrip_blocks say.
  void add_data(size_t tag, char sign, bool is_variable) {
    const bool starts_line = at_ == 0 || source_[at_ - 1] == '\n';
    std::string_view text = source_.substr(at_, tag - at_);
    if (sign == '-') {
      text.remove_suffix(trailing_space_bytes(text));
    } else if (sign != '+' && !is_variable) {
      const size_t newline = text.rfind('\n');
      const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
      const std::string_view last_line = text.substr(line_start);
      const bool is_blank = leading_space_bytes(last_line) == last_line.size();
      if ((line_start > 0 || starts_line) && is_blank) text = text.substr(0, line_start);
    }
    if (!text.empty()) add(TokenKind::data, std::string(text));
    advance_to(tag);
  }

  size_t find_tag() const {
    for (size_t brace = source_.find('{', at_); brace != std::string_view::npos; brace = source_.find('{', brace + 1)) {
      const char next = brace + 1 < source_.size() ? source_[brace + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return brace;
    }
    return std::string_view::npos;
  }

  char sign_at(size_t at) const {
    return at < source_.size() && (source_[at] == '-' || source_[at] == '+') ? source_[at] : '\0';
  }

  void root() {
    const size_t tag = find_tag();
    if (tag == std::string_view::npos) {
      add(TokenKind::data, std::string(source_.substr(at_)));
      advance_to(source_.size());
      return;
    }
    const char kind = source_[tag + 1];
    const char sign = sign_at(tag + 2);
    add_data(tag, sign, kind == '{');
    const size_t inside = tag + 2 + (sign ? 1 : 0);
    if (kind == '#') {
      comment(inside);
    } else if (kind == '%' && raw_begin_end(inside)) {
      raw(raw_begin_end(inside));
    } else {
      const bool is_variable = kind == '{';
      add(is_variable ? TokenKind::variable_begin : TokenKind::block_begin, is_variable ? "{{" : "{%");
      advance_to(inside);
      for (skip_space(); !tag_end(is_variable); skip_space()) expression_token();
    }
  }

  // Whether the tag ends here; passes the end and the white space it takes along.
  bool tag_end(bool is_variable) {
    if (!open_.empty()) return false;
    const std::string_view end = is_variable ? "}}" : "%}";
    const char sign = sign_at(at_);
    const bool has_sign = sign && source_.substr(at_ + 1).starts_with(end) && !(is_variable && sign == '+');
    if (!has_sign && !sees(end)) return false;
    add(is_variable ? TokenKind::variable_end : TokenKind::block_end, std::string(end));
    advance_to(at_ + end.size() + (has_sign ? 1 : 0));
    finish_tag(has_sign ? sign : '\0', !is_variable);
    return true;
  }

  void finish_tag(char sign, bool trims) {
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && trims && sees("\n")) {
      advance_to(at_ + 1);
    }
  }

  void comment(size_t inside) {
    if (inside == source_.size()) return advance_to(inside);  // Jinja lets a comment begin at the very end
    const size_t end = source_.find("#}", inside);
    if (end == std::string_view::npos) fail_here("a comment is not closed: expected '#}'");
    const char sign = end > inside ? sign_at(end - 1) : '\0';
    advance_to(end + 2);
    finish_tag(sign, true);
  }

  size_t after_space(size_t at) const { return at + leading_space_bytes(source_.substr(at)); }

  // The end of `{% raw %}` whose inside starts at `at`; 0 when this is another tag.
  size_t raw_begin_end(size_t at) const {
    at = after_space(at);
    if (!source_.substr(at).starts_with("raw")) return 0;
    at = after_space(at + 3);
    if (source_.substr(at).starts_with("%}")) return at + 2;
    return source_.substr(at).starts_with("-%}") ? after_space(at + 3) : 0;
  }

  void raw(size_t begin) {
    advance_to(begin);
    if (begin == source_.size()) return;  // likewise
    for (size_t tag = source_.find("{%", at_); tag != std::string_view::npos; tag = source_.find("{%", tag + 2)) {
      const char sign = sign_at(tag + 2);
      size_t at = after_space(tag + 2 + (sign ? 1 : 0));
      if (!source_.substr(at).starts_with("endraw")) continue;
      at = after_space(at + 6);
      const char end_sign = sign_at(at);
      if (!source_.substr(at + (end_sign ? 1 : 0)).starts_with("%}")) continue;
      add_data(tag, sign, false);
      advance_to(at + (end_sign ? 1 : 0) + 2);
      finish_tag(end_sign, true);
      return;
    }
    fail_here("a raw block is not closed: expected '{% endraw %}'");
  }

  void expression_token() {
    if (at_ >= source_.size()) fail_here("the template ends inside a tag");
    const std::string_view rest = source_.substr(at_);
    const bool follows_dot = at_ > 0 && source_[at_ - 1] == '.';
    if (const size_t bytes = follows_dot ? 0 : float_length(rest)) {
      add(TokenKind::floating, std::string(rest.substr(0, bytes)));
      tokens_.back().floating = parse_float(tokens_.back().text);
      at_ += bytes;
    } else if (const size_t digits = integer_length(rest)) {
      add(TokenKind::integer, std::string(rest.substr(0, digits)));
      tokens_.back().integer = located([&] { return parse_integer(tokens_.back().text); });
      at_ += digits;
    } else if (is_name_start(rest[0])) {
      size_t bytes = 1;
      while (bytes < rest.size() && is_name_part(rest[bytes])) ++bytes;
      add(TokenKind::name, std::string(rest.substr(0, bytes)));
      at_ += bytes;
    } else if (rest[0] == '"' || rest[0] == '\'') {
      string_token(rest);
    } else {
      sign_token(rest);
    }
  }

  void string_token(std::string_view rest) {
    size_t end = 1;
    while (end < rest.size() && rest[end] != rest[0]) end += rest[end] == '\\' ? 2 : 1;
    if (end >= rest.size()) fail_here("a string literal is not closed");
    add(TokenKind::string, located([&] { return unescape(rest.substr(1, end - 1)); }));
    advance_to(at_ + end + 1);
  }

  void sign_token(std::string_view rest) {
    static constexpr std::string_view kPairs[] = {"//", "**", "==", "!=", ">=", "<="};
    for (const std::string_view pair : kPairs) {
      if (!rest.starts_with(pair)) continue;
      add(TokenKind::sign, std::string(pair));
      at_ += 2;
      return;
    }
    const char c = rest[0];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) {
      fail_here(fmt::format("unexpected character '{}'", c));
    }
    if (c == '(' || c == '[' || c == '{') open_ += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open_.empty()) fail_here(fmt::format("unexpected '{}'", c));
      if (open_.back() != c) fail_here(fmt::format("unexpected '{}', expected '{}'", c, open_.back()));
      open_.pop_back();
    }
    add(TokenKind::sign, std::string(1, c));
    at_ += 1;
  }

  const std::string owned_;
  const std::string_view source_;
  size_t at_ = 0;
  int line_ = 1;
  std::string open_;  // the closing brackets that are due, innermost last
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace estoc::jinja
