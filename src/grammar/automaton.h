// One automaton over bytes behind all kinds of grammars: rules that call each other, their states made as needed.
//
// What: a state says whether its rule may end there, which rules may begin there (calls, each with the state that the
// caller is in afterwards) and which state a byte leads to. Several kinds of states share the table: sets of nodes of
// a net (net.h), states of a regular expression (text_states.h), arrays and objects of a schema (schema/). No state
// is a dead end: from each, some text ends its rule. A rule never matches the empty text; who calls one that could
// says so by another way past it.
// Ownership: owns its sources and states. Threads: one at a time. Errors: Error{resource_exhausted} when a text
// leads to more states than grammar/limits.h allows; making states also throws what their source throws.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace estoc::grammar {

using StateId = uint32_t;
using RuleId = uint32_t;
inline constexpr StateId kDeadState = 0;
inline constexpr StateId kDoneState = 1;  // the rule ends here and nothing may follow in it

struct Call {
  RuleId rule;
  StateId next;  // where the caller is afterwards; if the text matters, as if it were none that was there before
  bool reads_text = false;
};

struct StateInfo {
  bool accepts = false;
  std::vector<Call> calls;
};

// Makes the states of one kind. Payloads are the source's own numbers.
class StateSource {
 public:
  virtual ~StateSource() = default;
  virtual StateInfo describe(uint32_t payload) = 0;
  virtual StateId step(uint32_t payload, uint8_t byte) = 0;
  // Of the calls, enough to find a shortest way to an end of the rule, or nearly so.
  virtual std::vector<Call> closing_calls(uint32_t payload) { return describe(payload).calls; }
  // Where the caller in `payload` is after `call`, which reads its text, matched `text`; kDeadState when it must not.
  virtual StateId after(uint32_t payload, const Call& call, std::string_view text);
  // Whether some text that begins so may be one for which after() says kDeadState.
  virtual bool may_reject(uint32_t payload, const Call& call, std::string_view begun);
  // Adds to `out` what of those texts follows `begun`; false when they are no such list.
  virtual bool list_rejected(uint32_t payload, const Call& call, std::string_view begun, std::vector<std::string>& out);
  // A state that goes on as this one does but for texts that after() rejects; kDeadState for this one itself.
  virtual StateId without_memory(uint32_t payload);
};

class Automaton {
 public:
  Automaton();
  Automaton(const Automaton&) = delete;
  Automaton& operator=(const Automaton&) = delete;

  // The source lives as long as the automaton.
  uint32_t add_source(std::unique_ptr<StateSource> source);
  StateId add_state(uint32_t source, uint32_t payload);

  RuleId add_rule();  // without a start yet
  void set_start(RuleId rule, StateId start) { starts_[rule] = start; }
  StateId start(RuleId rule) const { return starts_[rule]; }
  size_t rule_count() const { return starts_.size(); }

  const StateInfo& info(StateId state) {  // until the next call of anything here
    const State& one = states_[state];
    return one.info ? *one.info : describe(state);
  }
  StateId step(StateId state, uint8_t byte) {
    const State& one = states_[state];
    if (!one.table || (*one.table)[byte] == kUnknown) return step_anew(state, byte);
    return (*one.table)[byte];
  }
  std::vector<Call> closing_calls(StateId state) {
    return sources_[states_[state].source]->closing_calls(states_[state].payload);
  }
  StateId after(StateId caller, const Call& call, std::string_view text);
  bool may_reject(StateId caller, const Call& call, std::string_view begun);
  bool list_rejected(StateId caller, const Call& call, std::string_view begun, std::vector<std::string>& out);
  StateId without_memory(StateId state);
  size_t state_count() const { return states_.size(); }
  size_t table_bytes() const { return table_count_ * sizeof(Table); }
  // What a source's states are made of, where somebody knows the kind.
  uint32_t source_of(StateId state) const { return states_[state].source; }
  uint32_t payload_of(StateId state) const { return states_[state].payload; }

 private:
  static constexpr StateId kUnknown = UINT32_MAX;
  using Table = std::array<StateId, 256>;
  struct State {
    uint32_t source, payload;
    std::unique_ptr<StateInfo> info;
    std::unique_ptr<Table> table;
  };

  const StateInfo& describe(StateId state);
  StateId step_anew(StateId state, uint8_t byte);

  std::vector<std::unique_ptr<StateSource>> sources_;
  std::vector<State> states_;
  std::vector<StateId> starts_;
  size_t table_count_ = 0;
};

}  // namespace estoc::grammar
