// Rules written as nets: nodes with edges that take nothing, a byte of a range, or a whole other rule.
//
// What: front ends draw nets; finish() finds which rules may be empty and which nodes lead to no end (those are left
// out), and a state of the automaton is a set of nodes of one rule. Rules of other sources are called alike.
// Threads: one at a time. Errors: Error{invalid_argument} beyond the limits of grammar/limits.h.
#pragma once

#include <map>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/char_set.h"

namespace estoc::grammar {

using NetNode = uint32_t;

class Net : public StateSource {
 public:
  // The automaton owns what is returned.
  static Net& add_to(Automaton& automaton);

  NetNode add_node();
  void add_empty(NetNode from, NetNode to) { nodes_[from].empty.push_back(to); }
  void add_bytes(NetNode from, uint8_t low, uint8_t high, NetNode to) { nodes_[from].bytes.push_back({low, high, to}); }
  void add_call(NetNode from, RuleId rule, NetNode to) { nodes_[from].calls.push_back({rule, to}); }
  void add_chars(NetNode from, const CharSet& chars, NetNode to);
  // The texts's bytes one after the other; returns the node behind them.
  NetNode add_text(NetNode from, std::string_view text);

  // The rule's text is what leads from `from` to `to`. Rules not told of here are other sources'.
  void set_rule(RuleId rule, NetNode from, NetNode to);
  // A rule of another source: whether it may be empty (a way past it is then drawn), and whether it has any text.
  void set_foreign(RuleId rule, bool is_nullable, bool has_text);

  // After the last edge, before the first state.
  void finish();
  bool is_nullable(RuleId rule) const { return rules_[rule].is_nullable; }
  // Some text, perhaps the empty one, is in the rule.
  bool has_text(RuleId rule) const { return rules_[rule].has_text; }

  StateInfo describe(uint32_t payload) override;
  StateId step(uint32_t payload, uint8_t byte) override;

 private:
  struct ByteEdge {
    uint8_t low, high;
    NetNode to;
  };
  struct CallEdge {
    RuleId rule;
    NetNode to;
  };
  struct Node {
    std::vector<NetNode> empty;
    std::vector<ByteEdge> bytes;
    std::vector<CallEdge> calls;
    bool is_end = false;
    bool is_good = false;  // leads to an end
  };
  struct Rule {
    NetNode from = 0, to = 0;
    bool is_net = false, is_nullable = false, has_text = false;
  };

  explicit Net(Automaton& automaton) : automaton_(automaton) {}
  Rule& rule(RuleId id);
  void find_nullable();
  void find_good();
  StateId state(std::vector<NetNode> nodes);

  Automaton& automaton_;
  uint32_t source_ = 0;
  std::vector<Node> nodes_;
  std::vector<Rule> rules_;
  std::vector<std::vector<NetNode>> sets_;
  std::map<std::vector<NetNode>, StateId> ids_;
  std::vector<uint32_t> marks_;
  uint32_t mark_ = 0;
};

}  // namespace estoc::grammar
