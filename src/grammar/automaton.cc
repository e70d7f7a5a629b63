#include "grammar/automaton.h"

#include "base/check.h"
#include "base/error.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

// kDeadState and kDoneState.
class FixedStates : public StateSource {
 public:
  StateInfo describe(uint32_t payload) override { return {.accepts = payload == kDoneState}; }
  StateId step(uint32_t, uint8_t) override { return kDeadState; }
};

}  // namespace

StateId StateSource::after(uint32_t, const Call& call, std::string_view) { return call.next; }

bool StateSource::may_reject(uint32_t, const Call&, std::string_view) { return false; }

bool StateSource::list_rejected(uint32_t payload, const Call& call, std::string_view begun, std::vector<std::string>&) {
  return !may_reject(payload, call, begun);
}

StateId StateSource::without_memory(uint32_t) { return kDeadState; }

Automaton::Automaton() {
  const uint32_t fixed = add_source(std::make_unique<FixedStates>());
  ESTOC_CHECK(add_state(fixed, kDeadState) == kDeadState);
  ESTOC_CHECK(add_state(fixed, kDoneState) == kDoneState);
}

uint32_t Automaton::add_source(std::unique_ptr<StateSource> source) {
  sources_.push_back(std::move(source));
  return static_cast<uint32_t>(sources_.size() - 1);
}

StateId Automaton::add_state(uint32_t source, uint32_t payload) {
  if (states_.size() >= limits::kStatesMax) {
    fail(ErrorCode::resource_exhausted, "the text leads to more than {} states of its grammar", limits::kStatesMax);
  }
  states_.push_back({source, payload, nullptr, nullptr});
  return static_cast<StateId>(states_.size() - 1);
}

RuleId Automaton::add_rule() {
  if (starts_.size() >= limits::kRulesMax) {
    fail(ErrorCode::invalid_argument, "the grammar has more than {} rules", limits::kRulesMax);
  }
  starts_.push_back(kDeadState);
  return static_cast<RuleId>(starts_.size() - 1);
}

const StateInfo& Automaton::describe(StateId state) {
  const auto [source, payload] = std::pair(states_[state].source, states_[state].payload);
  auto described = std::make_unique<StateInfo>(sources_[source]->describe(payload));
  states_[state].info = std::move(described);
  return *states_[state].info;
}

StateId Automaton::step_anew(StateId state, uint8_t byte) {
  if (!states_[state].table) {
    if (table_count_ >= limits::kStateTablesMax) {  // they can be made again
      for (State& one : states_) one.table.reset();
      table_count_ = 0;
    }
    states_[state].table = std::make_unique<Table>();
    states_[state].table->fill(kUnknown);
    ++table_count_;
  }
  const StateId next = sources_[states_[state].source]->step(states_[state].payload, byte);
  (*states_[state].table)[byte] = next;
  return next;
}

StateId Automaton::after(StateId caller, const Call& call, std::string_view text) {
  return sources_[states_[caller].source]->after(states_[caller].payload, call, text);
}

bool Automaton::may_reject(StateId caller, const Call& call, std::string_view begun) {
  return sources_[states_[caller].source]->may_reject(states_[caller].payload, call, begun);
}

bool Automaton::list_rejected(StateId caller, const Call& call, std::string_view begun, std::vector<std::string>& out) {
  return sources_[states_[caller].source]->list_rejected(states_[caller].payload, call, begun, out);
}

StateId Automaton::without_memory(StateId state) {
  const StateId out = sources_[states_[state].source]->without_memory(states_[state].payload);
  return out == kDeadState ? state : out;
}

}  // namespace estoc::grammar
