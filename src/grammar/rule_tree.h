// The right sides of a written grammar's rules as trees, and their nets.
//
// What both GBNF and the Lark-style syntax read into. Plain data. Errors of draw(): the limits of the net.
#pragma once

#include <string>
#include <vector>

#include "grammar/net.h"

namespace estoc::grammar {

struct RuleTree {
  enum class Kind : uint8_t { text, chars, call, sequence, choice, repeat };
  Kind kind = Kind::sequence;
  std::string text;             // text
  CharSet chars;                // chars: one of them
  RuleId rule = 0;              // call
  int least = 0, most = -1;     // repeat of parts[0]; -1 is without end
  std::vector<RuleTree> parts;  // sequence, choice, repeat
};

class RuleDrawer {
 public:
  explicit RuleDrawer(Net& net) : net_(net) {}
  // The rule's net.
  void draw(RuleId rule, const RuleTree& tree);

 private:
  NetNode draw(const RuleTree& tree, NetNode from);
  NetNode draw_repeat(const RuleTree& tree, NetNode from);

  Net& net_;
  size_t steps_ = 0;
};

}  // namespace estoc::grammar
