// The shortest text, or nearly so, that ends what a chart has read.
//
// What: the chart is led along the least way from its last row, callers included; where a text that must not come again
// is in the way, what differs least is tried, and after some detours all of it anew with other choices.
// Ownership: borrows the distances. Threads: those who hold the grammar's mutex. Errors: those of the automaton.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/chart.h"
#include "grammar/distances.h"

namespace estoc::grammar {

class Completion {
 public:
  Completion(Automaton& automaton, Distances& distances) : automaton_(automaton), distances_(distances) {}

  // At most so many bytes; nothing when none was found. The chart is left as it was.
  std::optional<std::string> find(Chart& chart, size_t most);

 private:
  struct Behind {  // what has to come behind a rule that began in a row
    RuleId rule;
    uint32_t bytes;
  };
  struct Best {
    uint32_t bytes = Distances::kFar;
    int byte = -1;
  };

  bool attempt(Chart& chart, size_t most, uint64_t seed);
  bool detour(Chart& chart, uint64_t random);
  Best best(const Chart& chart);
  uint32_t behind(const Chart& chart, RuleId rule, uint32_t origin);
  void find_behind(const Chart& chart, uint32_t row);
  void forget(size_t rows);

  Automaton& automaton_;
  Distances& distances_;
  std::unordered_map<uint32_t, std::vector<Behind>> behind_;  // by row
};

}  // namespace estoc::grammar
