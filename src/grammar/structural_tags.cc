#include "grammar/structural_tags.h"

#include "base/error.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"

namespace estoc::grammar {
namespace {

constexpr size_t kTriggersMax = 32;
constexpr size_t kTriggerBytesMax = 256;

RuleId content_rule(Grammar& grammar, const StructuralTag& tag, const SchemaOptions& options) {
  if (const auto* schema = std::get_if<TagSchema>(&tag.content)) {
    return add_json_schema_rule(grammar, schema->schema, options);
  }
  if (const auto* gbnf = std::get_if<TagGbnf>(&tag.content)) return add_gbnf_rule(grammar, gbnf->grammar);
  const RegexId regex = parse_regex(grammar.arena, std::get<TagExpression>(tag.content).regex, Find::whole);
  return grammar.add_text_rule(regex, TextForm::plain);
}

void check(const StructuralTags& tags) {
  if (tags.tags.empty() || tags.tags.size() > limits::kTagsMax) {
    fail(ErrorCode::invalid_argument, "there are {} structural tags, and 1 to {} are allowed", tags.tags.size(),
         limits::kTagsMax);
  }
  if (tags.triggers.empty() || tags.triggers.size() > kTriggersMax) {
    fail(ErrorCode::invalid_argument, "there are {} triggers, and 1 to {} are allowed", tags.triggers.size(),
         kTriggersMax);
  }
  for (const std::string& trigger : tags.triggers) {
    if (trigger.empty() || trigger.size() > kTriggerBytesMax) {
      fail(ErrorCode::invalid_argument, "a trigger has 1 to {} bytes, not {}", kTriggerBytesMax, trigger.size());
    }
  }
}

}  // namespace

RuleId add_structural_tags_rule(Grammar& grammar, const StructuralTags& tags) {
  check(tags);
  RegexArena& arena = grammar.arena;
  Net& net = grammar.net;
  std::vector<RuleId> contents;
  for (const StructuralTag& tag : tags.tags) contents.push_back(content_rule(grammar, tag, tags.schema_options));

  const RegexId any_trigger = arena.one_of({tags.triggers.begin(), tags.triggers.end()});
  const RegexId has_trigger = arena.cat(kAnyText, arena.cat(any_trigger, kAnyText));
  const RegexId goes_on_behind = arena.cat(kAnyText, arena.cat(any_trigger, arena.repeat(arena.any_char(), 1)));
  const NetNode begin = net.add_node(), behind_tag = net.add_node(), end = net.add_node();
  std::vector<bool> is_reached(tags.tags.size());
  for (const std::string& trigger : tags.triggers) {
    // Free text that ends with the trigger, the first in it.
    const RegexId until = arena.both({arena.cat(kAnyText, arena.text(trigger)), arena.complement(goes_on_behind)});
    const NetNode at = net.add_node();
    const RuleId rule = grammar.add_text_rule(until, TextForm::plain);
    net.add_call(begin, rule, at);
    for (size_t i = 0; i < tags.tags.size(); ++i) {
      const StructuralTag& tag = tags.tags[i];
      if (!tag.begin.starts_with(trigger)) continue;
      is_reached[i] = true;
      const NetNode content_end = net.add_node();
      net.add_call(net.add_text(at, std::string_view(tag.begin).substr(trigger.size())), contents[i], content_end);
      net.add_empty(net.add_text(content_end, tag.end), behind_tag);
    }
  }
  for (size_t i = 0; i < is_reached.size(); ++i) {
    if (!is_reached[i]) {
      fail(ErrorCode::invalid_argument, "structural tag {} begins with '{}', which begins with none of the triggers", i,
           tags.tags[i].begin);
    }
  }
  if (tags.ends_after_tag) {
    net.add_empty(behind_tag, end);
  } else {
    net.add_empty(behind_tag, begin);
  }
  const RuleId rest = grammar.add_text_rule(arena.complement(has_trigger), TextForm::plain);
  const auto may_end_from = [&](NetNode node) {
    net.add_call(node, rest, end);
    net.add_empty(node, end);  // the rest may be empty
  };
  if (!tags.needs_tag) may_end_from(begin);
  if (!tags.ends_after_tag) may_end_from(behind_tag);
  const RuleId root = grammar.automaton.add_rule();
  net.set_rule(root, begin, end);
  return root;
}

std::unique_ptr<Grammar> compile_structural_tags(const StructuralTags& tags) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_structural_tags_rule(*grammar, tags));
  return grammar;
}

}  // namespace estoc::grammar
