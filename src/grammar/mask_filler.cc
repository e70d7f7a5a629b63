#include "grammar/mask_filler.h"

#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

void allow(std::span<const TokenId> tokens, std::vector<uint32_t>& words) {
  for (const TokenId token : tokens) words[static_cast<size_t>(token) / 32] |= uint32_t{1} << (token % 32);
}

bool allows(TokenId token, const std::vector<uint32_t>& words) {
  return words[static_cast<size_t>(token) / 32] >> (token % 32) & 1;
}

}  // namespace

MaskFiller::MaskFiller(Grammar& grammar, const Vocabulary& vocabulary)
    : grammar_(grammar), vocabulary_(vocabulary), entries_(grammar, vocabulary) {}

void MaskFiller::make_room() {
  if (entries_.bytes() + kept_bytes_ <= limits::kMaskBytesMax) return;
  entries_.clear();
  kept_.clear();
  kept_bytes_ = 0;
}

std::span<const uint32_t> MaskFiller::fill(Chart& chart) {
  make_room();
  const uint32_t number = numbers_.number(chart, chart.row_count() - 1);
  const auto found = kept_.find(number);
  if (found != kept_.end() && !found->second.words.empty()) return found->second.words;
  find(chart, words_);
  if (reads_text_ || number == 0) return words_;
  if (found == kept_.end()) kept_bytes_ += 2 * sizeof(Kept);
  Kept& kept = found != kept_.end() ? found->second : kept_[number];
  if (kept.is_asked_again) {
    kept.words = words_;
    kept_bytes_ += words_.size() * sizeof(uint32_t);
  }
  kept.is_asked_again = true;
  return words_;
}

void MaskFiller::find(Chart& chart, std::vector<uint32_t>& words) {
  words.assign(vocabulary_.word_count(), 0);
  reads_text_ = false;
  open_.clear();
  doubtful_.clear();
  chart.set_trial(false);                                                          // an error may have left it
  const std::vector<Chart::Item> items(chart.last().begin(), chart.last().end());  // the chart moves them
  for (const Chart::Item& item : items) {
    if (item.state != kDoneState) add_item(chart, item, words);
  }
  if (!open_.empty() || !doubtful_.empty()) try_one_by_one(chart, words);
}

void MaskFiller::add_item(Chart& chart, const Chart::Item& item, std::vector<uint32_t>& words) {
  const MaskEntry& known = entries_.entry(grammar_.automaton.without_memory(item.state));
  for (size_t w = 0; w < known.words.size(); ++w) words[w] |= known.words[w];
  allow(known.tokens, words);
  open_.insert(open_.end(), known.open.begin(), known.open.end());
  if (item.origin == Chart::kOutside) {
    allow(known.ending, words);
    return;
  }
  if (known.ends.empty() || !chart.push_end_of(item)) return;
  reads_text_ |= chart.reads_text();
  if (chart.misses_text()) {
    leave_open(*known.tree, known.ends);
  } else {
    allow(known.ending, words);
    for (const std::string& text : chart.rejected()) {
      const uint32_t node = known.tree->find(text);
      if (node == TokenTree::kNone) continue;
      const auto tokens = known.tree->tokens_below(node);
      doubtful_.insert(doubtful_.end(), tokens.begin(), tokens.end());
    }
    follow(known, known.rest, chart, words);
  }
  chart.pop(1);
}

// The tokens at and below these nodes.
void MaskFiller::leave_open(const TokenTree& tree, std::span<const uint32_t> nodes) {
  for (const uint32_t node : nodes) {
    const auto tokens = tree.tokens_below(node);
    open_.insert(open_.end(), tokens.begin(), tokens.end());
  }
}

void MaskFiller::follow(const MaskEntry& entry, MaskEntry::Rest& rest, Chart& chart, std::vector<uint32_t>& words) {
  if (!rest.is_spread) entry.spread(rest);
  for (const auto& [byte, next] : rest.next) {
    if (!chart.push(byte)) continue;
    reads_text_ |= chart.reads_text();
    if (chart.misses_text()) {
      leave_open(*entry.tree, next->nodes);
    } else {
      for (const uint32_t node : next->nodes) allow(entry.tree->tokens_at(node), words);
      follow(entry, *next, chart, words);
    }
    chart.pop(1);
  }
}

void MaskFiller::try_one_by_one(Chart& chart, std::vector<uint32_t>& words) {
  chart.set_trial(true);
  const auto fits = [&](TokenId token) {
    const std::string_view bytes = vocabulary_.bytes(token);
    if (!chart.push(bytes)) return false;
    chart.pop(bytes.size());
    return true;
  };
  for (const TokenId token : open_) {
    if (!allows(token, words) && fits(token)) allow({&token, 1}, words);
  }
  for (const TokenId token : doubtful_) {
    if (allows(token, words) && !fits(token)) {
      words[static_cast<size_t>(token) / 32] &= ~(uint32_t{1} << (token % 32));
    }
  }
  chart.set_trial(false);
}

}  // namespace estoc::grammar
