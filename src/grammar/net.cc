#include "grammar/net.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

// Calls each(bytes low, bytes high) for ranges of UTF-8 sequences of equal length in which every byte moves freely
// between its bounds; together they are [low, high].
template <typename Each>
void for_byte_ranges(uint32_t low, uint32_t high, const Each& each) {
  for (const uint32_t last : {0x7Fu, 0x7FFu, 0xFFFFu}) {
    if (low <= last && high > last) {
      for_byte_ranges(low, last, each);
      for_byte_ranges(last + 1, high, each);
      return;
    }
  }
  // Where the ends differ in a leading part, the rest has to be whole.
  for (uint32_t bits = 6; high > 0x7F && bits <= 18; bits += 6) {
    const uint32_t rest = (1u << bits) - 1;
    if ((low & ~rest) == (high & ~rest)) break;
    if (low & rest) {
      for_byte_ranges(low, low | rest, each);
      for_byte_ranges((low | rest) + 1, high, each);
      return;
    }
    if ((high & rest) != rest) {
      for_byte_ranges(low, (high & ~rest) - 1, each);
      for_byte_ranges(high & ~rest, high, each);
      return;
    }
  }
  std::string first, last;
  utf8_append(first, low);
  utf8_append(last, high);
  each(first, last);
}

}  // namespace

Net& Net::add_to(Automaton& automaton) {
  std::unique_ptr<Net> made(new Net(automaton));
  Net& out = *made;
  out.source_ = automaton.add_source(std::move(made));
  return out;
}

NetNode Net::add_node() {
  if (nodes_.size() >= limits::kNetNodesMax) {
    fail(ErrorCode::invalid_argument,
         "the grammar is too large: with its repeats written out it has more than {} parts", limits::kNetNodesMax);
  }
  nodes_.emplace_back();
  return static_cast<NetNode>(nodes_.size() - 1);
}

void Net::add_chars(NetNode from, const CharSet& chars, NetNode to) {
  for (const auto& [low, high] : chars.ranges()) {
    for_byte_ranges(low, high, [&](const std::string& first, const std::string& last) {
      NetNode at = from;
      for (size_t i = 0; i < first.size(); ++i) {
        const NetNode next = i + 1 == first.size() ? to : add_node();
        add_bytes(at, static_cast<uint8_t>(first[i]), static_cast<uint8_t>(last[i]), next);
        at = next;
      }
    });
  }
}

NetNode Net::add_text(NetNode from, std::string_view text) {
  for (const char c : text) {
    const NetNode next = add_node();
    add_bytes(from, static_cast<uint8_t>(c), static_cast<uint8_t>(c), next);
    from = next;
  }
  return from;
}

Net::Rule& Net::rule(RuleId id) {
  if (id >= rules_.size()) rules_.resize(id + 1);
  return rules_[id];
}

void Net::set_rule(RuleId id, NetNode from, NetNode to) {
  rule(id) = {.from = from, .to = to, .is_net = true};
  nodes_[to].is_end = true;
}

void Net::set_foreign(RuleId id, bool is_nullable, bool has_text) {
  rule(id) = {.is_nullable = is_nullable, .has_text = has_text};
}

// Nodes from which an end is reached without a byte, backwards from the ends.
void Net::find_nullable() {
  std::vector<std::vector<NetNode>> before(nodes_.size());
  std::vector<std::vector<std::pair<NetNode, NetNode>>> callers(rules_.size());
  std::vector<std::vector<RuleId>> starting(nodes_.size());
  std::vector<bool> is_empty(nodes_.size());
  std::vector<NetNode> open;
  const auto mark = [&](NetNode node) {
    if (is_empty[node]) return;
    is_empty[node] = true;
    open.push_back(node);
  };
  for (NetNode node = 0; node < nodes_.size(); ++node) {
    for (const NetNode to : nodes_[node].empty) before[to].push_back(node);
    for (const CallEdge& call : nodes_[node].calls) {
      if (rules_[call.rule].is_net) {
        callers[call.rule].emplace_back(node, call.to);
      }
      if (rules_[call.rule].is_nullable) before[call.to].push_back(node);
    }
    if (nodes_[node].is_end) mark(node);
  }
  for (RuleId id = 0; id < rules_.size(); ++id) {
    if (rules_[id].is_net) starting[rules_[id].from].push_back(id);
  }
  while (!open.empty()) {
    const NetNode node = open.back();
    open.pop_back();
    for (const NetNode one : before[node]) mark(one);
    for (const RuleId id : starting[node]) {
      if (rules_[id].is_nullable) continue;
      rules_[id].is_nullable = true;
      for (const auto& [from, to] : callers[id]) {
        before[to].push_back(from);
        if (is_empty[to]) mark(from);
      }
    }
  }
}

void Net::find_good() {
  std::vector<std::vector<NetNode>> before(nodes_.size());
  std::vector<std::vector<std::pair<NetNode, NetNode>>> callers(rules_.size());
  std::vector<std::vector<RuleId>> starting(nodes_.size());
  std::vector<NetNode> open;
  const auto mark = [&](NetNode node) {
    if (nodes_[node].is_good) return;
    nodes_[node].is_good = true;
    open.push_back(node);
  };
  for (RuleId id = 0; id < rules_.size(); ++id) {
    if (rules_[id].is_net) starting[rules_[id].from].push_back(id);
  }
  for (NetNode node = 0; node < nodes_.size(); ++node) {
    for (const NetNode to : nodes_[node].empty) before[to].push_back(node);
    for (const ByteEdge& edge : nodes_[node].bytes) before[edge.to].push_back(node);
    for (const CallEdge& call : nodes_[node].calls) {
      if (rules_[call.rule].is_net) {
        callers[call.rule].emplace_back(node, call.to);
      } else if (rules_[call.rule].has_text) {
        before[call.to].push_back(node);
      }
    }
    if (nodes_[node].is_end) mark(node);
  }
  while (!open.empty()) {
    const NetNode node = open.back();
    open.pop_back();
    for (const NetNode one : before[node]) mark(one);
    for (const RuleId id : starting[node]) {
      if (rules_[id].has_text) continue;
      rules_[id].has_text = true;
      for (const auto& [from, to] : callers[id]) {
        before[to].push_back(from);
        if (nodes_[to].is_good) mark(from);
      }
    }
  }
}

void Net::finish() {
  if (rules_.size() < automaton_.rule_count()) rules_.resize(automaton_.rule_count());
  find_nullable();
  find_good();
  marks_.assign(nodes_.size(), 0);
  for (RuleId id = 0; id < rules_.size(); ++id) {
    if (rules_[id].is_net) automaton_.set_start(id, state({rules_[id].from}));
  }
}

StateId Net::state(std::vector<NetNode> open) {
  ++mark_;
  std::vector<NetNode> kept;
  for (const NetNode node : open) marks_[node] = mark_;
  while (!open.empty()) {
    const NetNode node = open.back();
    open.pop_back();
    const Node& one = nodes_[node];
    if (!one.is_good) continue;
    const auto follow = [&](NetNode to) {
      if (marks_[to] == mark_) return;
      marks_[to] = mark_;
      open.push_back(to);
    };
    for (const NetNode to : one.empty) follow(to);
    for (const CallEdge& call : one.calls) {
      if (rules_[call.rule].is_nullable) follow(call.to);
    }
    if (one.is_end || !one.bytes.empty() || !one.calls.empty()) kept.push_back(node);
  }
  if (kept.empty()) return kDeadState;
  std::sort(kept.begin(), kept.end());
  if (kept.size() == 1 && nodes_[kept[0]].is_end && nodes_[kept[0]].bytes.empty() && nodes_[kept[0]].calls.empty()) {
    return kDoneState;
  }
  const auto found = ids_.find(kept);
  if (found != ids_.end()) return found->second;
  const StateId id = automaton_.add_state(source_, static_cast<uint32_t>(sets_.size()));
  sets_.push_back(kept);
  ids_.emplace(std::move(kept), id);
  return id;
}

StateInfo Net::describe(uint32_t payload) {
  StateInfo out;
  std::map<RuleId, std::vector<NetNode>> behind;
  for (const NetNode node : sets_[payload]) {
    out.accepts |= nodes_[node].is_end;
    for (const CallEdge& call : nodes_[node].calls) {
      if (rules_[call.rule].has_text && nodes_[call.to].is_good) behind[call.rule].push_back(call.to);
    }
  }
  for (auto& [rule, nodes] : behind) {
    if (automaton_.start(rule) != kDeadState) out.calls.push_back({rule, state(std::move(nodes))});
  }
  return out;
}

StateId Net::step(uint32_t payload, uint8_t byte) {
  std::vector<NetNode> next;
  ++mark_;
  for (const NetNode node : sets_[payload]) {
    for (const ByteEdge& edge : nodes_[node].bytes) {
      if (edge.low <= byte && byte <= edge.high && marks_[edge.to] != mark_) {
        marks_[edge.to] = mark_;
        next.push_back(edge.to);
      }
    }
  }
  return next.empty() ? kDeadState : state(std::move(next));
}

}  // namespace estoc::grammar
