#include "grammar/text_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"

namespace estoc::grammar {
namespace {

class Drawer {
 public:
  Drawer(Grammar& grammar, const TextFormat& format) : grammar_(grammar), format_(format) {}

  // Returns the node behind the text.
  NetNode draw(const Json& form, NetNode from, int depth) {
    if (depth > limits::kDepthMax) {
      fail(ErrorCode::invalid_argument, "a format is nested deeper than {}", limits::kDepthMax);
    }
    const std::string& type = text_member(form, "type");
    if (type == "const_string") return draw_constant(text_member(form, "value"), from);
    if (type == "any_text") return call(from, add_text(any_text(form)));
    if (type == "regex") return call(from, add_text(expression(text_member(form, "pattern"))));
    if (type == "grammar") return call(from, add_gbnf_rule(grammar_, text_member(form, "grammar")));
    if (type == "json_schema") {
      return call(from, add_json_schema_rule(grammar_, member(form, "json_schema"), format_.schema_options));
    }
    if (type == "sequence") {
      for (const Json& element : elements(form)) from = draw(element, from, depth + 1);
      return from;
    }
    if (type == "or") return draw_either(form, from, depth);
    if (type == "optional") {
      const NetNode to = draw(member(form, "content"), from, depth + 1);
      const NetNode end = grammar_.net.add_node();
      grammar_.net.add_empty(from, end);
      grammar_.net.add_empty(to, end);
      return end;
    }
    if (type == "plus") return draw_several(form, from, depth);
    if (type == "part") {
      const Json& index = member(form, "index");
      ESTOC_CHECK(index.is_int() && index.as_uint() < format_.parts.size());  // never a caller's
      return call(from, format_.parts[index.as_uint()].add_rule(grammar_));
    }
    fail(ErrorCode::invalid_argument, "there is no format of type '{}'", type.substr(0, 80));
  }

 private:
  static const Json& member(const Json& form, const char* name) {
    const Json* value = form.find(name);
    if (value == nullptr) fail(ErrorCode::invalid_argument, "a format has no '{}'", name);
    return *value;
  }
  static const std::string& text_member(const Json& form, const char* name) {
    const Json& value = member(form, name);
    if (!value.is_string()) fail(ErrorCode::invalid_argument, "a format's '{}' is no string", name);
    return value.as_string();
  }
  static const Json::Array& elements(const Json& form) {
    const Json& value = member(form, "elements");
    if (!value.is_array()) fail(ErrorCode::invalid_argument, "a format's 'elements' are no array");
    return value.as_array();
  }

  NetNode call(NetNode from, RuleId rule) {
    const NetNode to = grammar_.net.add_node();
    grammar_.net.add_call(from, rule, to);
    return to;
  }
  RuleId add_text(RegexId regex) { return grammar_.add_text_rule(regex, TextForm::plain); }
  RegexId expression(std::string_view pattern, Find find = Find::whole) {
    return parse_regex(grammar_.arena, pattern, find);
  }

  NetNode draw_constant(std::string_view text, NetNode from) {
    while (!text.empty()) {
      size_t first = text.size(), mark = 0;
      for (size_t i = 0; i < format_.control_marks.size(); ++i) {
        const size_t at = text.find(format_.control_marks[i]);
        if (at < first) {
          first = at;
          mark = i;
        }
      }
      from = grammar_.net.add_text(from, text.substr(0, first));
      text.remove_prefix(first);
      if (text.empty()) break;
      from = grammar_.net.add_text(from, control_text(mark));
      text.remove_prefix(format_.control_marks[mark].size());
    }
    return from;
  }

  NetNode draw_either(const Json& form, NetNode from, int depth) {
    if (elements(form).empty()) fail(ErrorCode::invalid_argument, "a format of type 'or' has no elements");
    const NetNode end = grammar_.net.add_node();
    for (const Json& element : elements(form)) {
      // A node of its own, so that a loop within one way does not begin another.
      const NetNode begin = grammar_.net.add_node();
      grammar_.net.add_empty(from, begin);
      grammar_.net.add_empty(draw(element, begin, depth + 1), end);
    }
    return end;
  }

  NetNode draw_several(const Json& form, NetNode from, int depth) {
    const NetNode begin = grammar_.net.add_node();
    grammar_.net.add_empty(from, begin);
    const NetNode end = draw(member(form, "content"), begin, depth + 1);
    grammar_.net.add_empty(draw_constant(text_member(form, "separator"), end), begin);
    // What follows does not belong to the loop.
    const NetNode behind = grammar_.net.add_node();
    grammar_.net.add_empty(end, behind);
    return behind;
  }

  RegexId any_text(const Json& form) {
    RegexArena& arena = grammar_.arena;
    std::vector<RegexId> all = {kAnyText};
    const Json& excludes = member(form, "excludes");
    if (!excludes.is_array()) fail(ErrorCode::invalid_argument, "a format's 'excludes' are no array");
    for (const Json& text : excludes.as_array()) {
      if (!text.is_string() || text.as_string().empty()) {
        fail(ErrorCode::invalid_argument, "a format excludes what is no text");
      }
      if (std::ranges::find(format_.control_marks, text.as_string()) != format_.control_marks.end()) continue;
      all.push_back(arena.complement(arena.cat(kAnyText, arena.cat(arena.text(text.as_string()), kAnyText))));
    }
    const int least = bound(form, "minLength", 0), most = bound(form, "maxLength", kUnbounded);
    if (least > 0 || most != kUnbounded) all.push_back(arena.repeat(arena.any_char(), least, most));
    if (form.find("pattern") != nullptr) all.push_back(expression(text_member(form, "pattern"), Find::anywhere));
    return arena.both(std::move(all));
  }

  static int bound(const Json& form, const char* name, int otherwise) {
    const Json* value = form.find(name);
    if (value == nullptr) return otherwise;
    if (!value->is_int() || value->as_int() < 0 || value->as_int() > limits::kRepeatMax) {
      fail(ErrorCode::invalid_argument, "{} is a number from 0 to {}", name, limits::kRepeatMax);
    }
    return static_cast<int>(value->as_int());
  }

  Grammar& grammar_;
  const TextFormat& format_;
};

}  // namespace

std::string control_text(size_t index) {
  ESTOC_CHECK(index < kControlMarksMax);
  return {'\xFF', static_cast<char>(0x80 + index)};
}

ConstraintSource text_format_source(TextFormat format) {
  std::string key = fmt::format("format {:d}{:d}{:d}", format.schema_options.allows_blanks,
                                format.schema_options.any_property_order, format.schema_options.asserts_formats);
  const auto append = [&](std::string_view part) { key += fmt::format(" {}:{}", part.size(), part); };
  append(to_json(format.form));
  for (const std::string& mark : format.control_marks) append(mark);
  key += " parts";
  for (const ConstraintSource& part : format.parts) append(part.key);
  return {std::move(key),
          [format = std::move(format)](Grammar& grammar) { return add_text_format_rule(grammar, format); }};
}

RuleId add_text_format_rule(Grammar& grammar, const TextFormat& format) {
  if (format.control_marks.size() > kControlMarksMax) {
    fail(ErrorCode::invalid_argument, "there are {} control marks, and {} are allowed", format.control_marks.size(),
         kControlMarksMax);
  }
  const NetNode begin = grammar.net.add_node();
  const NetNode end = Drawer(grammar, format).draw(format.form, begin, 0);
  const RuleId rule = grammar.automaton.add_rule();
  grammar.net.set_rule(rule, begin, end);
  return rule;
}

std::unique_ptr<Grammar> compile_text_format(const TextFormat& format) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_text_format_rule(*grammar, format));
  return grammar;
}

}  // namespace estoc::grammar
