#include "grammar/gbnf.h"

#include <map>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/grammar_reader.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"
#include "grammar/rule_tree.h"

namespace estoc::grammar {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class GbnfParser : private GrammarReader {
 public:
  GbnfParser(Grammar& grammar, std::string_view text) : GrammarReader(text), grammar_(grammar) {}

  RuleId parse() {
    RuleDrawer drawer(grammar_.net);
    skip(true);
    while (!is_at_end()) {
      const size_t begin = at_;
      const std::string name = read_name();
      skip(false);
      if (!take("::=")) refuse("'::=' was expected behind a rule's name");
      skip(true);
      const RuleId rule = rule_of(name, begin);
      if (defined_.contains(rule)) refuse("rule '" + name + "' is defined twice");
      defined_[rule] = true;
      drawer.draw(rule, choice(0));
      skip_line_end();
    }
    for (const auto& [name, used] : rules_) {
      if (!defined_.contains(used.rule)) {
        at_ = used.at;
        refuse("rule '" + name + "' is used and not defined");
      }
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) refuse("there is no rule named root");
    return root->second.rule;
  }

 private:
  struct Used {
    RuleId rule;
    size_t at;
  };

  // Blanks and comments, and line ends where the rule goes on.
  void skip(bool over_lines) {
    while (!is_at_end()) {
      if (peek() == '#') {
        while (!is_at_end() && peek() != '\n') ++at_;
      } else if (peek() == ' ' || peek() == '\t' || (over_lines && (peek() == '\n' || peek() == '\r'))) {
        ++at_;
      } else {
        break;
      }
    }
  }

  void skip_line_end() {
    if (!is_at_end() && peek() != '\n' && peek() != '\r') refuse("something that belongs to no rule");
    skip(true);
  }

  std::string read_name() {
    const size_t begin = at_;
    while (is_name_char(peek())) ++at_;
    if (at_ == begin) refuse("a rule's name was expected");
    return std::string(text_.substr(begin, at_ - begin));
  }

  RuleId rule_of(const std::string& name, size_t at) {
    const auto found = rules_.find(name);
    if (found != rules_.end()) return found->second.rule;
    const RuleId rule = grammar_.automaton.add_rule();
    rules_[name] = {rule, at};
    return rule;
  }

  RuleTree choice(int depth) {
    if (depth > limits::kDepthMax) refuse("groups nested too deep");
    RuleTree out{.kind = RuleTree::Kind::choice};
    do {
      skip(true);
      out.parts.push_back(sequence(depth));
    } while (take("|"));
    return out;
  }

  RuleTree sequence(int depth) {
    RuleTree out{.kind = RuleTree::Kind::sequence};
    while (true) {
      skip(depth > 0);
      RuleTree part;
      if (peek() == '"') {
        part = {.kind = RuleTree::Kind::text, .text = quoted()};
      } else if (peek() == '[') {
        part = {.kind = RuleTree::Kind::chars, .chars = bracket()};
      } else if (take(".")) {
        part = {.kind = RuleTree::Kind::chars, .chars = CharSet::all()};
      } else if (take("(")) {
        part = choice(depth + 1);
        skip(true);
        if (!take(")")) refuse("a group without its ')'");
      } else if (is_name_char(peek())) {
        const size_t begin = at_;
        part = {.kind = RuleTree::Kind::call};
        part.rule = rule_of(read_name(), begin);
      } else {
        return out;
      }
      out.parts.push_back(repeated(std::move(part), depth));
    }
  }

  RuleTree repeated(RuleTree part, int depth) {
    for (int count = 0;; ++count) {
      skip(depth > 0);
      int least = 0, most = -1;
      if (take("*")) {
      } else if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (take("{")) {
        least = number();
        most = least;
        if (take(",")) most = peek() == '}' ? -1 : number();
        if (!take("}")) refuse("a repeat without its '}'");
        if (most >= 0 && most < least) refuse("a repeat whose bounds are the wrong way round");
      } else {
        return part;
      }
      if (count > 4) refuse("repeats of repeats");
      RuleTree out{.kind = RuleTree::Kind::repeat, .least = least, .most = most};
      out.parts.push_back(std::move(part));
      part = std::move(out);
    }
  }

  uint32_t character() {
    if (take("\\")) {
      const char c = peek();
      ++at_;
      switch (c) {
        case 'n':
          return '\n';
        case 'r':
          return '\r';
        case 't':
          return '\t';
        case 'x':
          return hex(2);
        case 'u':
          return hex(4);
        case 'U':
          return hex(8);
        case '\\':
        case '"':
        case '\'':
        case '-':
        case '^':
        case '/':
        case '[':
        case ']':
          return static_cast<uint32_t>(c);
        default:
          refuse("an unknown escape");
      }
    }
    const std::string_view rest = text_.substr(at_);
    const int bytes = rest.empty() ? 0 : utf8_sequence_bytes(rest);
    if (bytes <= 0) refuse("the end, where a character was expected");
    at_ += static_cast<size_t>(bytes);
    return utf8_decode(rest, bytes);
  }

  std::string quoted() {
    std::string out;
    ++at_;
    while (!take("\"")) {
      if (is_at_end() || peek() == '\n') refuse("a text without its closing '\"'");
      utf8_append(out, character());
    }
    return out;
  }

  CharSet bracket() {
    ++at_;
    const bool is_negated = take("^");
    std::vector<CharRange> ranges;
    while (!take("]")) {
      if (is_at_end()) refuse("a '[' without its ']'");
      const uint32_t low = character();
      uint32_t high = low;
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        high = character();
        if (high < low) refuse("a range whose ends are the wrong way round");
      }
      ranges.emplace_back(low, high);
    }
    const CharSet out(std::move(ranges));
    return is_negated ? out.complement() : out;
  }

  Grammar& grammar_;
  std::map<std::string, Used> rules_;
  std::map<RuleId, bool> defined_;
};

}  // namespace

RuleId add_gbnf_rule(Grammar& grammar, std::string_view text) { return GbnfParser(grammar, text).parse(); }

std::unique_ptr<Grammar> compile_gbnf(std::string_view text) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_gbnf_rule(*grammar, text));
  return grammar;
}

RuleId add_regex_rule(Grammar& grammar, std::string_view expression) {
  const RuleId rule = grammar.add_text_rule(parse_regex(grammar.arena, expression, Find::whole), TextForm::plain);
  if (grammar.automaton.start(rule) == kDeadState) {
    fail(ErrorCode::invalid_argument, "the regular expression matches no text at all");
  }
  return rule;
}

std::unique_ptr<Grammar> compile_regex(std::string_view expression) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_regex_rule(*grammar, expression));
  return grammar;
}

RuleId add_choices_rule(Grammar& grammar, std::span<const std::string> choices) {
  if (choices.empty()) fail(ErrorCode::invalid_argument, "a list of choices must not be empty");
  if (choices.size() > limits::kChoicesMax) {
    fail(ErrorCode::invalid_argument, "there are {} choices, and {} are allowed", choices.size(), limits::kChoicesMax);
  }
  size_t bytes = 0;
  for (const std::string& one : choices) bytes += one.size();
  if (bytes > limits::kSourceBytesMax) {
    fail(ErrorCode::invalid_argument, "the choices have {} bytes, and {} are allowed", bytes, limits::kSourceBytesMax);
  }
  return grammar.add_text_rule(grammar.arena.one_of({choices.begin(), choices.end()}), TextForm::plain);
}

std::unique_ptr<Grammar> compile_choices(std::span<const std::string> choices) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_choices_rule(*grammar, choices));
  return grammar;
}

}  // namespace estoc::grammar
