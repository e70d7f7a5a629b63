#include "grammar/regex_parser.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/char_class.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

// A piece of an alternative: an expression, or one that what follows has to begin with (or must not).
struct Piece {
  RegexId regex = kEmptyText;
  bool is_ahead = false;
};

class Parser {
 public:
  Parser(RegexArena& arena, std::string_view text, RegexId around) : arena_(arena), text_(text), around_(around) {}

  RegexId parse() {
    const RegexId out = alternatives(0);
    if (at_ < text_.size()) refuse("a ')' that closes nothing");
    return out;
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorCode::invalid_argument, "regular expression: {} at byte {}", what, at_);
  }
  [[noreturn]] void unsupported(std::string_view what) const {
    fail(ErrorCode::unsupported, "regular expression: {} at byte {} is not supported", what, at_);
  }
  bool ends() const { return at_ >= text_.size(); }
  char peek() const { return ends() ? '\0' : text_[at_]; }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }

  RegexId alternatives(int depth) {
    if (depth > limits::kDepthMax) refuse("parentheses nested too deep");
    std::vector<RegexId> parts;
    do {
      parts.push_back(alternative(depth));
    } while (take("|"));
    return arena_.either(std::move(parts));
  }

  RegexId alternative(int depth) {
    std::vector<Piece> pieces;
    while (!ends() && peek() != '|' && peek() != ')') pieces.push_back(piece(depth));
    // What follows the whole expression is known only outside of all groups.
    RegexId out = depth == 0 ? around_ : kEmptyText;
    for (size_t i = pieces.size(); i > 0; --i) {
      const Piece& one = pieces[i - 1];
      if (!one.is_ahead) {
        out = arena_.cat(one.regex, out);
      } else if (depth == 0) {
        out = arena_.both({one.regex, out});
      } else {
        unsupported("a lookahead within a group");
      }
    }
    return depth == 0 ? arena_.cat(around_, out) : out;
  }

  Piece piece(int depth) {
    if (take("(?=")) return ahead(depth, false);
    if (take("(?!")) return ahead(depth, true);
    RegexId out = atom(depth);
    while (true) {
      int least = 0, most = kUnbounded;
      if (take("*")) {
      } else if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (!bounds(least, most)) {
        break;
      }
      if (peek() == '+') unsupported("a possessive repeat");
      take("?");  // which match is preferred does not matter
      out = arena_.repeat(out, least, most);
    }
    return {out};
  }

  Piece ahead(int depth, bool is_negated) {
    const RegexId inner = arena_.cat(alternatives(depth + 1), kAnyText);
    if (!take(")")) refuse("a group without its ')'");
    return {is_negated ? arena_.complement(inner) : inner, true};
  }

  // {2}, {2,} or {2,5}; anything else is text, as in ECMA-262 without flags.
  bool bounds(int& least, int& most) {
    const size_t from = at_;
    if (!take("{")) return false;
    const std::optional<int> low = number();
    bool is_range = low.has_value();
    most = low.value_or(0);
    least = low.value_or(0);
    if (is_range && take(",")) {
      const std::optional<int> high = number();
      most = high.value_or(kUnbounded);
      if (high && *high < least) refuse("a repeat whose bounds are the wrong way round");
    }
    if (!is_range || !take("}")) {
      at_ = from;
      return false;
    }
    return true;
  }

  std::optional<int> number() {
    std::optional<int> out;
    while (!ends() && peek() >= '0' && peek() <= '9') {
      out = out.value_or(0) * 10 + (peek() - '0');
      if (*out > limits::kRepeatMax) refuse("a repeat that is too large");
      ++at_;
    }
    return out;
  }

  RegexId atom(int depth) {
    if (take("(")) return group(depth);
    if (take("^")) return arena_.edge(false);
    if (take("$")) return arena_.edge(true);
    if (take(".")) return arena_.set(CharSet({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}).complement());
    if (peek() == '*' || peek() == '+' || peek() == '?') refuse("a repeat of nothing");
    if (peek() == '\\') {
      if (take("\\b")) return arena_.word_boundary(false);
      if (take("\\B")) return arena_.word_boundary(true);
      if (take("\\A")) return arena_.edge(false);
      if (take("\\z") || take("\\Z")) return arena_.edge(true);
      if (text_.size() > at_ + 1 && ((text_[at_ + 1] >= '1' && text_[at_ + 1] <= '9') || text_[at_ + 1] == 'k')) {
        unsupported("a backreference");
      }
    }
    return arena_.set(read_char_class(text_, at_));
  }

  RegexId group(int depth) {
    if (take("?:")) {
    } else if (take("?<=") || take("?<!")) {
      unsupported("a lookbehind");
    } else if (take("?P<") || take("?<")) {
      while (!ends() && peek() != '>') ++at_;
      if (!take(">")) refuse("a group's name without its '>'");
    } else if (peek() == '?') {
      unsupported("this kind of group");
    }
    const RegexId out = alternatives(depth + 1);
    if (!take(")")) refuse("a group without its ')'");
    return out;
  }

  RegexArena& arena_;
  std::string_view text_;
  RegexId around_;  // what may stand before and behind a match
  size_t at_ = 0;
};

}  // namespace

RegexId parse_regex(RegexArena& arena, std::string_view text, Find find) {
  if (text.size() > limits::kExpressionBytesMax) {
    fail(ErrorCode::invalid_argument, "a regular expression has {} bytes, and {} are allowed", text.size(),
         limits::kExpressionBytesMax);
  }
  if (!is_valid_utf8(text)) fail(ErrorCode::invalid_argument, "a regular expression is not UTF-8");
  return Parser(arena, text, find == Find::anywhere ? kAnyText : kEmptyText).parse();
}

}  // namespace estoc::grammar
