// How many bytes lead at least from a state to an end of its rule.
//
// What: the least way from a state, over bytes and over whole texts of the rules that it calls, found when it is asked
// for; rules that call each other are found together, by improving until nothing improves. Where members of an object
// may come in any order one order is looked at. Texts that a caller rejects are not known here: the way is a lower
// bound where items or names have to differ.
// Ownership: borrows the automaton. Threads: those who hold the grammar's mutex. Errors: those of the automaton.
#pragma once

#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"

namespace estoc::grammar {

class Distances {
 public:
  static constexpr uint32_t kFar = UINT32_MAX / 4;  // no way, or none within the limits

  struct Way {
    uint32_t bytes = kFar;
    int byte = -1;  // the first; -1 where the rule ends here, or something that it calls comes first
  };

  explicit Distances(Automaton& automaton) : automaton_(automaton) {}

  Way from(StateId state);

 private:
  uint32_t least(RuleId rule, RuleId asked_by);
  Way search(StateId from, RuleId asked_by);
  void settle();

  static constexpr RuleId kNobody = UINT32_MAX;

  struct Rule {
    uint32_t bytes = kFar;
    bool is_final = false;
    std::vector<RuleId> asked_by;
  };

  Automaton& automaton_;
  std::unordered_map<StateId, Way> ways_;
  std::unordered_map<RuleId, Rule> rules_;
  std::vector<RuleId> open_;       // rules that may be improved
  std::vector<RuleId> unsettled_;  // rules that are not final
  size_t steps_ = 0;
};

}  // namespace estoc::grammar
