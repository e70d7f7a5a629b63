// A compiled grammar: its automaton and where it begins. What all front ends make and all matchers share.
//
// Ownership: owns its expressions, states and everything they grow to; shared by the sequences that keep to it.
// Threads: the automaton grows while texts are matched, so whoever matches holds `mutex` meanwhile. A front end fills a
// grammar before anybody else sees it.
// Errors: front ends throw Error{invalid_argument, unsupported} with one sentence; see grammar/limits.h.
#pragma once

#include "base/mutex.h"
#include "grammar/automaton.h"
#include "grammar/char_dfa.h"
#include "grammar/net.h"
#include "grammar/text_states.h"

namespace estoc::grammar {

struct Grammar {
  RegexArena arena;
  CharDfa chars{arena};
  Automaton automaton;
  TextStates& texts = TextStates::add_to(automaton, chars);
  Net& net = Net::add_to(automaton);
  StateId start = kDeadState;
  Mutex mutex;

  // A rule whose texts are those of an expression; nets may call it.
  RuleId add_text_rule(RegexId regex, TextForm form);
  // The grammar is a rule of the net, which is finished by this. Throws when no text is in the rule.
  void begin_with(RuleId rule);
};

}  // namespace estoc::grammar
