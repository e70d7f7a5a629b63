// States over code points of the expressions of one arena: made when they are first reached, without dead ends.
//
// What: a state is an expression and what stood before it, where that matters. Its edges lead only to states from which
// some text is in the language; where an expression has "and" or "not" that is found out by a bounded search.
// Threads: one at a time. Errors: Error{invalid_argument} beyond the limits of grammar/limits.h.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/regex.h"

namespace estoc::grammar {

using CharState = uint32_t;
inline constexpr CharState kDeadChar = UINT32_MAX;

// From `from` on, as far as the next edge; edges of a state cover all code points in order.
struct CharEdge {
  uint32_t from;
  CharState to;
};

class CharDfa {
 public:
  explicit CharDfa(RegexArena& arena) : arena_(arena) {}

  // kDeadChar when the language is empty.
  CharState start(RegexId id) { return live(state(id, Beside::edge)); }
  const std::vector<CharEdge>& edges(CharState state);
  CharState step(CharState state, uint32_t code_point);
  bool accepts(CharState state) const { return states_[state].accepts; }
  // Every text may follow, whatever it is.
  bool is_any_text(CharState state) const { return states_[state].regex == kAnyText; }
  bool matches(RegexId id, std::string_view utf8);

  // A language taken apart: texts after whose beginning only so few can follow, and all others, any beginning of which
  // has no end of continuations. Unknown when there are more than `most` of the former.
  struct Split {
    bool is_known = false;
    std::vector<std::string> few;
    RegexId endless = kNothing;
  };
  Split split(RegexId id, size_t most);

 private:
  struct State {
    RegexId regex;
    Beside before;
    bool accepts;
    enum class Life : uint8_t { unknown, live, dead } life;
    bool has_edges = false;
    bool has_all_edges = false;  // also those to dead ends, which are not told yet
    std::vector<CharEdge> edges;
  };

  CharState state(RegexId id, Beside before);
  CharState live(CharState state);
  const std::vector<CharEdge>& raw_edges(CharState state);
  std::vector<CharState> reachable(CharState from);
  void judge(CharState from);

  RegexArena& arena_;
  std::vector<State> states_;
  std::unordered_map<uint64_t, CharState> ids_;
};

}  // namespace estoc::grammar
