#include "grammar/mask_entry.h"

#include <algorithm>

namespace estoc::grammar {
namespace {

constexpr size_t kOtherBytesMax = 24;  // by which a state may differ from what it is made from

void allow(std::span<const TokenId> tokens, std::vector<uint32_t>& words) {
  for (const TokenId token : tokens) words[static_cast<size_t>(token) / 32] |= uint32_t{1} << (token % 32);
}

void forbid(std::span<const TokenId> tokens, std::vector<uint32_t>& words) {
  for (const TokenId token : tokens) words[static_cast<size_t>(token) / 32] &= ~(uint32_t{1} << (token % 32));
}

}  // namespace

void MaskEntry::spread(Rest& one) const {
  one.is_spread = true;
  std::unique_ptr<Rest> by_byte[256];
  for (const uint32_t node : one.nodes) {
    for (uint32_t child = node + 1; child < tree->node(node).end; child = tree->node(child).end) {
      auto& slot = by_byte[tree->node(child).byte];
      if (!slot) slot = std::make_unique<Rest>();
      slot->nodes.push_back(child);
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    if (by_byte[byte]) one.next.emplace_back(static_cast<uint8_t>(byte), std::move(by_byte[byte]));
  }
}

void MaskEntry::spread_all() {
  std::vector<Rest*> open{&rest};
  while (!open.empty()) {
    Rest* one = open.back();
    open.pop_back();
    if (!one->is_spread) spread(*one);
    for (const auto& [byte, next] : one->next) open.push_back(next.get());
  }
}

size_t MaskEntry::bytes() const {
  // The rests take about as much again as the nodes at which they begin.
  return sizeof(MaskEntry) + words.size() * 4 + (tokens.size() + ending.size() + open.size()) * 4 + ends.size() * 24;
}

MaskEntryMaker::MaskEntryMaker(Grammar& grammar, const Vocabulary& vocabulary)
    : grammar_(grammar), vocabulary_(vocabulary), trial_(grammar.automaton) {}

void MaskEntryMaker::clear() {
  entries_.clear();
  bytes_ = 0;
}

const MaskEntry& MaskEntryMaker::entry(StateId state) {
  const auto found = entries_.find(state);
  if (found != entries_.end()) return *found->second;
  std::shared_ptr<const MaskEntry> made = common(state);
  if (!made) {
    made = make(state);
    bytes_ += made->bytes();
  }
  return *(entries_[state] = std::move(made));
}

std::shared_ptr<const MaskEntry> MaskEntryMaker::common(StateId state) {
  Automaton& automaton = grammar_.automaton;
  if (automaton.source_of(state) != grammar_.texts.source()) return nullptr;
  const auto key =
      grammar_.texts.common_key(automaton.payload_of(state), static_cast<uint32_t>(vocabulary_.all().depth()));
  if (!key) return nullptr;
  std::shared_ptr<const MaskEntry> known = vocabulary_.common().find(*key);
  if (known) return known;
  const std::shared_ptr<MaskEntry> made = make(state);
  made->spread_all();
  vocabulary_.common().add(*key, made);
  return made;
}

// Where most characters of a string lead, if they go on leading there.
StateId MaskEntryMaker::usual_follower(StateId state) {
  Automaton& automaton = grammar_.automaton;
  StateId most = kDeadState;
  int lead = 0;
  for (uint8_t byte = 'A'; byte <= 'Z'; ++byte) {  // whoever has the majority is left
    const StateId next = automaton.step(state, byte);
    if (lead == 0) most = next;
    lead += next == most ? 1 : -1;
  }
  if (most == kDeadState || most == state || automaton.source_of(most) != grammar_.texts.source()) return kDeadState;
  for (uint8_t byte = 'A'; byte <= 'C'; ++byte) {
    if (automaton.step(most, byte) != most) return kDeadState;
  }
  return most;
}

// The entry of `state` from that of a state which does the same at all bytes but some; false when they are too many.
bool MaskEntryMaker::derive(StateId state, StateId like, MaskEntry& made) {
  const MaskEntry& known = entry(like);
  if (known.tree != made.tree) return false;
  const TokenTree& tree = *made.tree;
  std::vector<uint32_t> others;  // nodes of bytes that lead elsewhere
  for (uint32_t child = 0; child < tree.node_count(); child = tree.node(child).end) {
    const uint8_t byte = tree.node(child).byte;
    if (grammar_.automaton.step(state, byte) == grammar_.automaton.step(like, byte)) continue;
    others.push_back(child);
    if (others.size() > kOtherBytesMax) return false;
  }
  // Free tokens that the tree does not have are allowed for both.
  made.words = known.words;
  if (made.words.empty()) {
    made.words.assign(vocabulary_.word_count(), 0);
    allow(known.tokens, made.words);
  }
  made.ends = known.ends;
  made.ending = known.ending;
  made.open = known.open;
  for (const uint32_t child : others) {
    forbid(tree.tokens_below(child), made.words);
    const auto byte = static_cast<char>(tree.node(child).byte);
    const auto is_below = [&](TokenId token) { return vocabulary_.bytes(token)[0] == byte; };
    std::erase_if(made.ends, [&](uint32_t node) { return node >= child && node < tree.node(child).end; });
    std::erase_if(made.ending, is_below);
    std::erase_if(made.open, is_below);
  }
  trial_.start(kDeadState, false);
  for (const uint32_t child : others) walk_alone(made, child, tree.node(child).end, state);
  return true;
}

std::shared_ptr<MaskEntry> MaskEntryMaker::make(StateId state) {
  Automaton& automaton = grammar_.automaton;
  auto made = std::make_shared<MaskEntry>();
  made->tree = &vocabulary_.all();
  std::span<const uint32_t> free;
  if (automaton.source_of(state) == grammar_.texts.source()) {
    const uint32_t payload = automaton.payload_of(state);
    if (grammar_.texts.takes_free(payload)) {
      free = vocabulary_.free_tokens(Vocabulary::kFreeCharsMax);
    } else if (const auto run = grammar_.texts.free_run(payload, Vocabulary::kFreeCharsMax); run.is_known) {
      free = vocabulary_.free_tokens(run.chars);
    }
    if (!free.empty()) made->tree = &vocabulary_.others();
    const StateId like = usual_follower(state);
    if (like != kDeadState && derive(state, like, *made)) {
      finish(*made);
      return made;
    }
  }
  if (free.empty()) {
    made->words.assign(vocabulary_.word_count(), 0);
  } else {
    made->words.assign(free.begin(), free.end());
  }
  trial_.start(kDeadState, false);
  walk_alone(*made, 0, made->tree->node_count(), state);
  finish(*made);
  return made;
}

void MaskEntryMaker::finish(MaskEntry& entry) const {
  size_t count = 0;
  for (const uint32_t word : entry.words) count += static_cast<size_t>(__builtin_popcount(word));
  if (count <= vocabulary_.word_count()) {
    for (size_t w = 0; w < entry.words.size(); ++w) {
      for (uint32_t rest = entry.words[w]; rest; rest &= rest - 1) {
        entry.tokens.push_back(static_cast<TokenId>(w * 32 + static_cast<size_t>(__builtin_ctz(rest))));
      }
    }
    entry.words = {};
  }
  for (const uint32_t node : entry.ends) {
    if (entry.tree->node(node).end > node + 1) entry.rest.nodes.push_back(node);
  }
}

// From one state of the rule itself, without what it calls, down the nodes in [from, to): what most tokens meet.
void MaskEntryMaker::walk_alone(MaskEntry& entry, uint32_t from, uint32_t to, StateId state) {
  struct Level {
    uint32_t end;
    StateId state;
  };
  const TokenTree& tree = *entry.tree;
  std::vector<Level> levels{{to, state}};
  for (uint32_t node = from; node < to;) {
    while (node == levels.back().end) levels.pop_back();
    const uint32_t end = tree.node(node).end;
    const StateId next = grammar_.automaton.step(levels.back().state, tree.node(node).byte);
    if (next == kDeadState) {
      node = end;
      continue;
    }
    if (next == kDoneState) {
      const auto tokens = tree.tokens_at(node);
      entry.ending.insert(entry.ending.end(), tokens.begin(), tokens.end());
      entry.ends.push_back(node);
      node = end;
      continue;
    }
    const StateInfo& info = grammar_.automaton.info(next);
    if (!info.calls.empty()) {
      if (trial_.push_state(next, tree.node(node).byte)) {
        visit(entry, node);
        trial_.pop(1);
      }
      node = end;
      continue;
    }
    allow(tree.tokens_at(node), entry.words);
    if (info.accepts) entry.ends.push_back(node);
    ++node;
    if (node < end) levels.push_back({end, next});
  }
}

void MaskEntryMaker::walk(MaskEntry& entry, uint32_t from, uint32_t to) {
  const auto row = trial_.last();
  if (row.size() == 1 && row[0].origin == Chart::kOutside && grammar_.automaton.info(row[0].state).calls.empty()) {
    walk_alone(entry, from, to, row[0].state);
    return;
  }
  for (uint32_t node = from; node < to; node = entry.tree->node(node).end) {
    if (!trial_.push(entry.tree->node(node).byte)) continue;
    visit(entry, node);
    trial_.pop(1);
  }
}

void MaskEntryMaker::visit(MaskEntry& entry, uint32_t node) {
  if (trial_.misses_text()) {
    const auto below = entry.tree->tokens_below(node);
    entry.open.insert(entry.open.end(), below.begin(), below.end());
    return;
  }
  const auto row = trial_.last();
  const bool is_open =
      std::any_of(row.begin(), row.end(), [](const Chart::Item& item) { return item.state != kDoneState; });
  const auto tokens = entry.tree->tokens_at(node);
  if (is_open) {
    allow(tokens, entry.words);
  } else {
    entry.ending.insert(entry.ending.end(), tokens.begin(), tokens.end());
  }
  if (trial_.ends_outside()) entry.ends.push_back(node);
  if (is_open) walk(entry, node + 1, entry.tree->node(node).end);
}

}  // namespace estoc::grammar
