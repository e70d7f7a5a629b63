#include "grammar/lark.h"

#include <map>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/grammar_reader.h"
#include "grammar/lark_terminals.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"
#include "grammar/rule_tree.h"

namespace estoc::grammar {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_terminal_name(std::string_view name) {
  const size_t first = name.find_first_not_of('_');
  return first != std::string_view::npos && name[first] >= 'A' && name[first] <= 'Z';
}

class LarkParser : private GrammarReader {
 public:
  LarkParser(Grammar& grammar, std::string_view text) : GrammarReader(text), grammar_(grammar) {}

  RuleId parse() {
    for (skip_lines(); !is_at_end(); skip_lines()) {
      if (take("%")) {
        directive();
      } else {
        definition();
      }
    }
    finish_ignored();
    RuleDrawer drawer(grammar_.net);
    for (const auto& [name, one] : names_) {
      if (!one.is_defined) {
        at_ = one.at;
        refuse("'" + name + "' is used and not defined");
      }
      if (one.is_drawn) drawer.draw(one.rule, one.tree);
    }
    const auto start = names_.find("start");
    if (start == names_.end()) refuse("there is no rule named start");
    // What is ignored may also stand in front of everything; behind each terminal it may anyway.
    const RuleId root = grammar_.automaton.add_rule();
    RuleTree all{.kind = RuleTree::Kind::sequence};
    if (has_ignored_) all.parts.push_back(call(ignored_));
    all.parts.push_back(call(start->second.rule));
    drawer.draw(root, all);
    return root;
  }

 private:
  struct Name {
    RuleId rule = 0;
    size_t at = 0;
    bool is_defined = false, is_drawn = false;
    RuleTree tree;
  };

  static RuleTree call(RuleId rule) { return {.kind = RuleTree::Kind::call, .rule = rule}; }

  void skip_comment() {
    while (!is_at_end() && peek() != '\n') ++at_;
  }
  bool at_comment() const { return (peek() == '/' && peek(1) == '/') || peek() == '#'; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r' || at_comment()) {
      if (at_comment()) {
        skip_comment();
      } else {
        ++at_;
      }
    }
  }
  void skip_lines() {
    for (skip_blanks(); peek() == '\n'; skip_blanks()) ++at_;
  }
  // Blanks, and line ends if an alternative follows them.
  void skip_to_bar() {
    skip_blanks();
    const size_t here = at_;
    skip_lines();
    if (peek() != '|') at_ = here;
  }

  std::string read_name() {
    const size_t begin = at_;
    while (is_name_char(peek())) ++at_;
    if (at_ == begin) refuse("a name was expected");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Name& name_of(const std::string& name, size_t at) {
    const auto [found, is_new] = names_.try_emplace(name);
    if (is_new) {
      found->second.rule = grammar_.automaton.add_rule();
      found->second.at = at;
    }
    return found->second;
  }

  void define(const std::string& name, size_t at, RuleTree tree) {
    Name& one = name_of(name, at);
    if (one.is_defined) refuse("'" + name + "' is defined twice");
    one.is_defined = one.is_drawn = true;
    one.tree = std::move(tree);
  }

  void definition() {
    if (peek() == '?' || peek() == '!') ++at_;
    if (peek() == '?' || peek() == '!') ++at_;
    const size_t begin = at_;
    const std::string name = read_name();
    if (take("{")) refuse("templates are not supported", ErrorCode::unsupported);
    if (take(".")) {
      take("-");
      while (peek() >= '0' && peek() <= '9') ++at_;
    }
    skip_blanks();
    if (!take(":")) refuse("':' was expected behind a name");
    is_terminal_ = is_terminal_name(name);
    RuleTree tree = choice(0);
    end_line();
    define(name, begin, std::move(tree));
  }

  void end_line() {
    skip_blanks();
    if (!is_at_end() && peek() != '\n') refuse("something that belongs to no rule");
  }

  void directive() {
    const std::string what = read_name();
    skip_blanks();
    if (what == "ignore") {
      is_terminal_ = true;
      ignored_trees_.push_back(choice(0));
    } else if (what == "import") {
      import();
    } else {
      refuse("%" + what + " is not supported", ErrorCode::unsupported);
    }
    end_line();
  }

  void import() {
    if (!take("common.")) refuse("only the terminals of common can be imported", ErrorCode::unsupported);
    const size_t begin = at_;
    const std::string source = read_name();
    std::string name = source;
    skip_blanks();
    if (take("->")) {
      skip_blanks();
      name = read_name();
    }
    const std::string_view found = lark_terminal(source);
    if (found.empty()) refuse("common." + source + " is not supported", ErrorCode::unsupported);
    define(name, begin, expression(found));
  }

  RuleTree expression(std::string_view text) {
    try {
      return call(grammar_.add_text_rule(parse_regex(grammar_.arena, text, Find::whole), TextForm::plain));
    } catch (const Error& error) {
      refuse(error.what(), error.code());
    }
  }

  RuleTree choice(int depth) {
    if (depth > limits::kDepthMax) refuse("groups nested too deep");
    RuleTree out{.kind = RuleTree::Kind::choice};
    do {
      if (depth > 0) skip_lines();
      out.parts.push_back(sequence(depth));
      if (depth > 0) {
        skip_lines();
      } else {
        skip_to_bar();
      }
    } while (take("|"));
    return out;
  }

  RuleTree sequence(int depth) {
    RuleTree out{.kind = RuleTree::Kind::sequence};
    while (true) {
      if (depth > 0) {
        skip_lines();
      } else {
        skip_blanks();
      }
      if (take("->")) {  // a name in the tree
        skip_blanks();
        read_name();
        return out;
      }
      RuleTree part;
      if (!atom(part, depth)) return out;
      out.parts.push_back(repeated(std::move(part)));
    }
  }

  // A terminal within a rule may be followed by what is ignored.
  RuleTree spaced(RuleTree part) {
    if (is_terminal_) return part;
    RuleTree out{.kind = RuleTree::Kind::sequence};
    out.parts.push_back(std::move(part));
    out.parts.push_back(call(ignored_rule()));
    return out;
  }
  RuleId ignored_rule() {
    if (!has_ignored_) {
      ignored_ = grammar_.automaton.add_rule();
      has_ignored_ = true;
    }
    return ignored_;
  }
  void finish_ignored() {
    if (!has_ignored_) return;
    RuleTree any{.kind = RuleTree::Kind::choice, .parts = std::move(ignored_trees_)};
    RuleTree all{.kind = RuleTree::Kind::repeat};
    all.parts.push_back(std::move(any));
    RuleDrawer(grammar_.net).draw(ignored_, all);
  }

  bool atom(RuleTree& out, int depth) {
    if (peek() == '"') {
      out = spaced(quoted());
    } else if (peek() == '/' && peek(1) != '/') {
      out = spaced(slashed());
    } else if (take("(")) {
      out = choice(depth + 1);
      if (!take(")")) refuse("a group without its ')'");
    } else if (take("[")) {
      out = {.kind = RuleTree::Kind::repeat, .most = 1};
      out.parts.push_back(choice(depth + 1));
      if (!take("]")) refuse("a '[' without its ']'");
    } else if (is_name_char(peek())) {
      const size_t begin = at_;
      const std::string name = read_name();
      out = call(name_of(name, begin).rule);
      if (is_terminal_name(name)) {
        out = spaced(std::move(out));
      } else if (is_terminal_) {
        refuse("a terminal cannot contain the rule '" + name + "'");
      }
    } else {
      return false;
    }
    return true;
  }

  RuleTree repeated(RuleTree part) {
    skip_blanks();
    RuleTree out{.kind = RuleTree::Kind::repeat};
    if (take("*")) {
    } else if (take("+")) {
      out.least = 1;
    } else if (take("?")) {
      out.most = 1;
    } else if (take("~")) {
      skip_blanks();
      out.least = out.most = number();
      if (take("..")) out.most = number();
      if (out.most < out.least) refuse("a repeat whose bounds are the wrong way round");
    } else {
      return part;
    }
    out.parts.push_back(std::move(part));
    return out;
  }

  std::string text_literal() {
    std::string out;
    ++at_;
    while (!take("\"")) {
      if (is_at_end() || peek() == '\n') refuse("a text without its closing '\"'");
      if (!take("\\")) {
        out += text_[at_++];
        continue;
      }
      const char c = peek();
      ++at_;
      switch (c) {
        case 'n':
          out += '\n';
          break;
        case 'r':
          out += '\r';
          break;
        case 't':
          out += '\t';
          break;
        case 'f':
          out += '\f';
          break;
        case '\\':
        case '"':
        case '\'':
        case '/':
          out += c;
          break;
        case 'x':
          utf8_append(out, hex(2));
          break;
        case 'u':
          utf8_append(out, hex(4));
          break;
        default:
          refuse("an unknown escape");
      }
    }
    return out;
  }

  RuleTree quoted() {
    const std::string text = text_literal();
    if (take("..")) {
      if (peek() != '"') refuse("a range needs two texts");
      const std::string last = text_literal();
      const int low = utf8_sequence_bytes(text + " "), high = utf8_sequence_bytes(last + " ");
      if (static_cast<size_t>(low) != text.size() || static_cast<size_t>(high) != last.size()) {
        refuse("a range goes from one character to another");
      }
      const uint32_t from = utf8_decode(text, low), to = utf8_decode(last, high);
      if (from > to) refuse("a range whose ends are the wrong way round");
      return {.kind = RuleTree::Kind::chars, .chars = CharSet({{from, to}})};
    }
    if (peek() != 'i' || is_name_char(peek(1))) return {.kind = RuleTree::Kind::text, .text = text};
    ++at_;
    RuleTree out{.kind = RuleTree::Kind::sequence};
    for (const char c : text) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!is_letter) {
        out.parts.push_back({.kind = RuleTree::Kind::text, .text = std::string(1, c)});
        continue;
      }
      const auto lower = static_cast<uint32_t>(c | 0x20), upper = lower - 0x20;
      out.parts.push_back({.kind = RuleTree::Kind::chars, .chars = CharSet({{lower, lower}, {upper, upper}})});
    }
    return out;
  }

  RuleTree slashed() {
    std::string text;
    ++at_;
    while (!take("/")) {
      if (is_at_end() || peek() == '\n') refuse("an expression without its closing '/'");
      if (peek() == '\\' && peek(1) == '/') {
        ++at_;
      } else if (peek() == '\\') {
        text += text_[at_++];
        if (is_at_end()) refuse("an expression without its closing '/'");
      }
      text += text_[at_++];
    }
    if (peek() >= 'a' && peek() <= 'z') refuse("flags of expressions are not supported", ErrorCode::unsupported);
    return expression(text);
  }

  Grammar& grammar_;
  bool is_terminal_ = false;  // what is being read
  std::map<std::string, Name> names_;
  std::vector<RuleTree> ignored_trees_;
  RuleId ignored_ = 0;
  bool has_ignored_ = false;
};

}  // namespace

RuleId add_lark_rule(Grammar& grammar, std::string_view text) { return LarkParser(grammar, text).parse(); }

std::unique_ptr<Grammar> compile_lark(std::string_view text) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_lark_rule(*grammar, text));
  return grammar;
}

}  // namespace estoc::grammar
