#include "grammar/rule_tree.h"

#include "base/error.h"
#include "grammar/limits.h"

namespace estoc::grammar {

void RuleDrawer::draw(RuleId rule, const RuleTree& tree) {
  const NetNode from = net_.add_node(), to = net_.add_node();
  net_.add_empty(draw(tree, from), to);
  net_.set_rule(rule, from, to);
}

NetNode RuleDrawer::draw(const RuleTree& tree, NetNode from) {
  // Repeats of what adds no node would be written out without end.
  if (++steps_ > 4 * limits::kNetNodesMax) {
    fail(ErrorCode::invalid_argument, "the grammar is too large: its repeats take more than {} steps to write out",
         4 * limits::kNetNodesMax);
  }
  switch (tree.kind) {
    case RuleTree::Kind::text:
      return net_.add_text(from, tree.text);
    case RuleTree::Kind::chars: {
      const NetNode to = net_.add_node();
      net_.add_chars(from, tree.chars, to);
      return to;
    }
    case RuleTree::Kind::call: {
      const NetNode to = net_.add_node();
      net_.add_call(from, tree.rule, to);
      return to;
    }
    case RuleTree::Kind::sequence:
      for (const RuleTree& part : tree.parts) from = draw(part, from);
      return from;
    case RuleTree::Kind::choice: {
      const NetNode to = net_.add_node();
      for (const RuleTree& part : tree.parts) {
        const NetNode begin = net_.add_node();
        net_.add_empty(from, begin);
        net_.add_empty(draw(part, begin), to);
      }
      return to;
    }
    case RuleTree::Kind::repeat:
      return draw_repeat(tree, from);
  }
  return from;
}

NetNode RuleDrawer::draw_repeat(const RuleTree& tree, NetNode from) {
  for (int i = 0; i < tree.least; ++i) from = draw(tree.parts[0], from);
  const NetNode to = net_.add_node();
  if (tree.most < 0) {
    const NetNode begin = net_.add_node();
    net_.add_empty(from, begin);
    net_.add_empty(draw(tree.parts[0], begin), begin);
    net_.add_empty(begin, to);
    return to;
  }
  for (int i = tree.least; i < tree.most; ++i) {
    const NetNode begin = net_.add_node();
    net_.add_empty(from, to);
    net_.add_empty(from, begin);
    from = draw(tree.parts[0], begin);
  }
  net_.add_empty(from, to);
  return to;
}

}  // namespace estoc::grammar
