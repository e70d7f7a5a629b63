#include "grammar/mask_filler.h"

#include <algorithm>

#include "grammar/limits.h"

namespace estoc::grammar {

MaskFiller::MaskFiller(Grammar& grammar, const Vocabulary& vocabulary)
    : grammar_(grammar), vocabulary_(vocabulary), trial_(grammar.automaton) {}

void MaskFiller::allow(std::span<const TokenId> tokens, std::vector<uint32_t>& words) const {
  for (const TokenId token : tokens) words[static_cast<size_t>(token) / 32] |= uint32_t{1} << (token % 32);
}

MaskFiller::Entry& MaskFiller::entry(StateId state) {
  const auto found = entries_.find(state);
  if (found != entries_.end()) return *found->second;
  auto made = std::make_unique<Entry>();
  made->tree = &vocabulary_.all();
  made->words.assign(vocabulary_.word_count(), 0);
  if (grammar_.automaton.source_of(state) == grammar_.texts.source()) {
    const TextStates::Run run =
        grammar_.texts.free_run(grammar_.automaton.payload_of(state), Vocabulary::kFreeCharsMax);
    if (run.is_known) {
      const auto free = vocabulary_.free_tokens(run.chars);
      made->words.assign(free.begin(), free.end());
      made->tree = &vocabulary_.others();
    }
  }
  trial_.start(state, false);
  walk(*made, 0, made->tree->node_count());
  size_t count = 0;
  for (const uint32_t word : made->words) count += static_cast<size_t>(__builtin_popcount(word));
  if (count <= vocabulary_.word_count()) {
    for (size_t w = 0; w < made->words.size(); ++w) {
      for (uint32_t rest = made->words[w]; rest; rest &= rest - 1) {
        made->tokens.push_back(static_cast<TokenId>(w * 32 + static_cast<size_t>(__builtin_ctz(rest))));
      }
    }
    made->words = {};
  }
  for (const uint32_t node : made->ends) {
    if (made->tree->node(node).end > node + 1) made->rest.nodes.push_back(node);
  }
  // The rests take about as much again as the nodes at which they begin.
  const size_t bytes = made->words.size() * 4 + made->tokens.size() * 4 + made->ends.size() * 24 + sizeof(Entry);
  if (entry_bytes_ + bytes > limits::kMaskBytesMax) {
    entries_.clear();
    entry_bytes_ = 0;
  }
  entry_bytes_ += bytes;
  return *(entries_[state] = std::move(made));
}

void MaskFiller::walk(Entry& entry, uint32_t from, uint32_t to) {
  const auto row = trial_.last();
  if (row.size() == 1 && row[0].origin == Chart::kOutside && grammar_.automaton.is_inner(row[0].state)) {
    walk_inner(entry, from, to, Chart::Item(row[0]));
    return;
  }
  for (uint32_t node = from; node < to; node = entry.tree->node(node).end) {
    if (!trial_.push(entry.tree->node(node).byte)) continue;
    visit(entry, node);
    trial_.pop(1);
  }
}

// One state without ends and calls, of the rule itself: what most of a string's tokens meet.
void MaskFiller::walk_inner(Entry& entry, uint32_t from, uint32_t to, const Chart::Item& item) {
  for (uint32_t node = from; node < to; node = entry.tree->node(node).end) {
    const uint8_t byte = entry.tree->node(node).byte;
    Chart::Item next = item;
    next.state = grammar_.automaton.step(item.state, byte);
    if (next.state == kDeadState) continue;
    if (grammar_.automaton.is_inner(next.state)) {
      allow(entry.tree->tokens_at(node), entry.words);
      walk_inner(entry, node + 1, entry.tree->node(node).end, next);
    } else if (trial_.push_state(next, byte)) {
      visit(entry, node);
      trial_.pop(1);
    }
  }
}

void MaskFiller::visit(Entry& entry, uint32_t node) {
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

void MaskFiller::spread(const TokenTree& tree, Rest& rest) const {
  rest.is_spread = true;
  std::unique_ptr<Rest> by_byte[256];
  for (const uint32_t node : rest.nodes) {
    for (uint32_t child = node + 1; child < tree.node(node).end; child = tree.node(child).end) {
      auto& slot = by_byte[tree.node(child).byte];
      if (!slot) slot = std::make_unique<Rest>();
      slot->nodes.push_back(child);
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    if (by_byte[byte]) rest.next.emplace_back(static_cast<uint8_t>(byte), std::move(by_byte[byte]));
  }
}

void MaskFiller::follow(const TokenTree& tree, Rest& rest, Chart& chart, std::vector<uint32_t>& words) {
  if (!rest.is_spread) spread(tree, rest);
  for (const auto& [byte, next] : rest.next) {
    if (!chart.push(byte)) continue;
    if (chart.misses_text()) {
      for (const uint32_t node : next->nodes) {
        const auto tokens = tree.tokens_below(node);
        open_.insert(open_.end(), tokens.begin(), tokens.end());
      }
    } else {
      for (const uint32_t node : next->nodes) allow(tree.tokens_at(node), words);
      follow(tree, *next, chart, words);
    }
    chart.pop(1);
  }
}

void MaskFiller::try_one_by_one(Chart& chart, std::vector<uint32_t>& words) {
  chart.set_trial(true);
  for (const TokenId token : open_) {
    if (words[static_cast<size_t>(token) / 32] >> (token % 32) & 1) continue;
    const std::string_view bytes = vocabulary_.bytes(token);
    if (!chart.push(bytes)) continue;
    chart.pop(bytes.size());
    allow({&token, 1}, words);
  }
  chart.set_trial(false);
  open_.clear();
}

void MaskFiller::fill(Chart& chart, std::vector<uint32_t>& words) {
  words.assign(vocabulary_.word_count(), 0);
  open_.clear();
  chart.set_trial(false);                                                          // an error may have left it
  const std::vector<Chart::Item> items(chart.last().begin(), chart.last().end());  // the chart moves them
  for (const Chart::Item& item : items) {
    if (!item.is_kernel || item.state == kDoneState) continue;
    Entry& known = entry(grammar_.automaton.without_memory(item.state));
    for (size_t w = 0; w < known.words.size(); ++w) words[w] |= known.words[w];
    allow(known.tokens, words);
    open_.insert(open_.end(), known.open.begin(), known.open.end());
    if (item.origin == Chart::kOutside) {
      allow(known.ending, words);
      continue;
    }
    if (known.ends.empty() || !chart.push_end_of(item)) continue;
    if (chart.misses_text()) {
      for (const uint32_t node : known.ends) {
        const auto tokens = known.tree->tokens_below(node);
        open_.insert(open_.end(), tokens.begin(), tokens.end());
      }
    } else {
      allow(known.ending, words);
      follow(*known.tree, known.rest, chart, words);
    }
    chart.pop(1);
  }
  if (!open_.empty()) try_one_by_one(chart, words);
}

}  // namespace estoc::grammar
