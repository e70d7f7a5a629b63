#include "grammar/constraint_source.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/lark.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

std::string options_key(const SchemaOptions& options) {
  return fmt::format("{:d}{:d}{:d}", options.allows_blanks, options.any_property_order, options.asserts_formats);
}

// Parts of a key say how long they are, so that none can pass for two.
void append(std::string& key, std::string_view part) { key += fmt::format(" {}:{}", part.size(), part); }

}  // namespace

ConstraintSource json_schema_source(Json schema, const SchemaOptions& options) {
  std::string key = "schema " + options_key(options) + " " + to_json(schema);
  return {std::move(key), [schema = std::move(schema), options](Grammar& grammar) {
            return add_json_schema_rule(grammar, schema, options);
          }};
}

ConstraintSource any_json_object_source(const SchemaOptions& options) {
  return json_schema_source(Json(Json::Object{{"type", Json("object")}}), options);
}

ConstraintSource regex_source(std::string expression) {
  std::string key = "regex " + expression;
  return {std::move(key), [text = std::move(expression)](Grammar& grammar) { return add_regex_rule(grammar, text); }};
}

ConstraintSource choices_source(std::vector<std::string> choices) {
  std::string key = "choices";
  for (const std::string& choice : choices) append(key, choice);
  return {std::move(key), [all = std::move(choices)](Grammar& grammar) { return add_choices_rule(grammar, all); }};
}

ConstraintSource gbnf_source(std::string text) {
  std::string key = "gbnf " + text;
  return {std::move(key), [text = std::move(text)](Grammar& grammar) { return add_gbnf_rule(grammar, text); }};
}

ConstraintSource lark_source(std::string text) {
  std::string key = "lark " + text;
  return {std::move(key), [text = std::move(text)](Grammar& grammar) { return add_lark_rule(grammar, text); }};
}

ConstraintSource grammar_source(std::string text) {
  return text.find("::=") != std::string::npos ? gbnf_source(std::move(text)) : lark_source(std::move(text));
}

ConstraintSource structural_tags_source(StructuralTags tags) {
  std::string key =
      fmt::format("tags {:d}{:d}{}", tags.needs_tag, tags.ends_after_tag, options_key(tags.schema_options));
  for (const std::string& trigger : tags.triggers) append(key, trigger);
  for (const StructuralTag& tag : tags.tags) {
    key += fmt::format(" tag {}", tag.content.index());
    append(key, tag.begin);
    if (const auto* schema = std::get_if<TagSchema>(&tag.content)) append(key, to_json(schema->schema));
    if (const auto* expression = std::get_if<TagExpression>(&tag.content)) append(key, expression->regex);
    if (const auto* gbnf = std::get_if<TagGbnf>(&tag.content)) append(key, gbnf->grammar);
    append(key, tag.end);
  }
  return {std::move(key),
          [tags = std::move(tags)](Grammar& grammar) { return add_structural_tags_rule(grammar, tags); }};
}

ConstraintSource behind_mark(const std::string& mark, ConstraintSource source) {
  ESTOC_CHECK(!mark.empty());
  std::string key = "behind";
  append(key, mark);
  key += " " + source.key;
  return {std::move(key), [mark, inner = std::move(source.add_rule)](Grammar& grammar) {
            RegexArena& arena = grammar.arena;
            const RegexId text = arena.text(mark);
            const RegexId goes_on = arena.cat(kAnyText, arena.cat(text, arena.repeat(arena.any_char(), 1)));
            const RegexId until = arena.both({arena.cat(kAnyText, text), arena.complement(goes_on)});
            const RegexId blanks =
                arena.repeat(arena.either({arena.text(" "), arena.text("\n"), arena.text("\r"), arena.text("\t")}), 0,
                             limits::kBlanksMax);
            Net& net = grammar.net;
            const NetNode begin = net.add_node(), behind = net.add_node(), place = net.add_node(), end = net.add_node();
            net.add_call(begin, grammar.add_text_rule(until, TextForm::plain), behind);
            net.add_call(behind, grammar.add_text_rule(blanks, TextForm::plain), place);
            net.add_call(place, inner(grammar), end);
            const RuleId root = grammar.automaton.add_rule();
            net.set_rule(root, begin, end);
            return root;
          }};
}

ConstraintSource repeated(ConstraintSource source) {
  std::string key = "repeated " + source.key;
  return {std::move(key), [inner = std::move(source.add_rule)](Grammar& grammar) {
            Net& net = grammar.net;
            const NetNode begin = net.add_node(), end = net.add_node();
            net.add_call(begin, inner(grammar), end);
            net.add_empty(net.add_text(end, "\n"), begin);
            const RuleId root = grammar.automaton.add_rule();
            net.set_rule(root, begin, end);
            return root;
          }};
}

std::unique_ptr<Grammar> compile(const ConstraintSource& source) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(source.add_rule(*grammar));
  return grammar;
}

}  // namespace estoc::grammar
