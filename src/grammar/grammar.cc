#include "grammar/grammar.h"

#include "base/error.h"

namespace estoc::grammar {

RuleId Grammar::add_text_rule(RegexId regex, TextForm form) {
  const RuleId rule = automaton.add_rule();
  const StateId start = texts.start(regex, form);
  automaton.set_start(rule, start);
  net.set_foreign(rule, start != kDeadState && automaton.info(start).accepts, start != kDeadState);
  return rule;
}

void Grammar::begin_with(RuleId rule) {
  net.finish();
  if (!net.has_text(rule)) fail(ErrorCode::invalid_argument, "the grammar allows no text at all");
  start = automaton.start(rule);
}

}  // namespace estoc::grammar
