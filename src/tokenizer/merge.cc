#include "tokenizer/merge.h"

#include <queue>

namespace estoc {
namespace {

constexpr size_t kScanMax = 48;  // longer pieces go to the heap

Merge merge_of(const PairTable& merges, int32_t left, int32_t right) {
  if (left < 0 || right < 0) return {kNoRank, 0};
  return merges.find(left, right);
}

void merge_by_scan(const PairTable& merges, std::vector<int32_t>& symbols) {
  Merge pairs[kScanMax];
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = merge_of(merges, symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (pairs[i].rank < pairs[best].rank) best = i;
    }
    if (pairs[best].rank == kNoRank) break;
    symbols[best] = pairs[best].symbol;
    --count;
    for (size_t i = best + 1; i < count; ++i) symbols[i] = symbols[i + 1];
    for (size_t i = best + 1; i + 1 < count; ++i) pairs[i] = pairs[i + 1];
    if (best > 0) pairs[best - 1] = merge_of(merges, symbols[best - 1], symbols[best]);
    if (best + 1 < count) pairs[best] = merge_of(merges, symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

Merge merge_of(const TextTable& texts, std::string_view text) {
  const auto id = texts.find(text);
  return id ? Merge{static_cast<uint32_t>(*id), *id} : Merge{kNoRank, 0};
}

// Symbol i is what stands from starts[i] to starts[i + 1].
void merge_texts_by_scan(const TextTable& texts, std::string_view word, std::vector<int32_t>& symbols) {
  size_t starts[kScanMax + 1];
  Merge pairs[kScanMax];
  size_t count = symbols.size();
  const auto pair_at = [&](size_t i) { return merge_of(texts, word.substr(starts[i], starts[i + 2] - starts[i])); };
  for (size_t i = 0; i <= count; ++i) starts[i] = i;
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = pair_at(i);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (pairs[i].rank < pairs[best].rank) best = i;
    }
    if (pairs[best].rank == kNoRank) break;
    symbols[best] = pairs[best].symbol;
    --count;
    for (size_t i = best + 1; i < count; ++i) symbols[i] = symbols[i + 1];
    for (size_t i = best + 1; i <= count; ++i) starts[i] = starts[i + 1];
    for (size_t i = best + 1; i + 1 < count; ++i) pairs[i] = pairs[i + 1];
    if (best > 0) pairs[best - 1] = pair_at(best - 1);
    if (best + 1 < count) pairs[best] = pair_at(best);
  }
  symbols.resize(count);
}

// How a HeapMerger finds what becomes of the symbols that began at places `left` and `right`, of which the second ends
// where the one from `end` on begins.
struct PairsOfTable {
  const PairTable& merges;
  const std::vector<int32_t>& symbols;
  Merge find(uint32_t left, uint32_t right, uint32_t) const { return merge_of(merges, symbols[left], symbols[right]); }
};
struct PairsOfTexts {
  const TextTable& texts;
  std::string_view word;
  Merge find(uint32_t left, uint32_t, uint32_t end) const { return merge_of(texts, word.substr(left, end - left)); }
};

// A doubly linked list over the symbols; position i is the place of the i-th symbol at the start.
template <typename Pairs>
class HeapMerger {
 public:
  HeapMerger(Pairs pairs, std::vector<int32_t>& symbols)
      : pairs_(pairs), symbols_(symbols), count_(static_cast<uint32_t>(symbols.size())), nodes_(symbols.size()) {
    for (uint32_t i = 0; i < count_; ++i) {
      nodes_[i].previous = i == 0 ? kNone : i - 1;
      nodes_[i].next = i + 1 == count_ ? kNone : i + 1;
    }
    std::vector<uint64_t> start;
    start.reserve(count_);
    for (uint32_t i = 0; i + 1 < count_; ++i) {
      nodes_[i].pair = pairs_.find(i, i + 1, i + 2);
      if (nodes_[i].pair.rank != kNoRank) start.push_back(key_of(i));
    }
    queue_ = Queue(std::greater<>(), std::move(start));
  }

  void run() {
    while (!queue_.empty()) {
      const uint64_t key = queue_.top();
      queue_.pop();
      const auto at = static_cast<uint32_t>(key);
      // A pair that changed since it was queued has another rank now, or none; its new form was queued by itself.
      if (nodes_[at].pair.rank == kNoRank || key_of(at) != key) continue;
      merge_at(at);
    }
    size_t kept = 0;
    for (uint32_t i = 0; i != kNone; i = nodes_[i].next) symbols_[kept++] = symbols_[i];
    symbols_.resize(kept);
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  using Queue = std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>>;
  struct Node {
    uint32_t previous = kNone;
    uint32_t next = kNone;
    Merge pair{kNoRank, 0};  // of this symbol and the next one
  };

  // Rank first, then the place from the left.
  uint64_t key_of(uint32_t at) const { return uint64_t{nodes_[at].pair.rank} << 32 | at; }

  void merge_at(uint32_t at) {
    Node& node = nodes_[at];
    const uint32_t gone = node.next;
    symbols_[at] = node.pair.symbol;
    node.next = nodes_[gone].next;
    nodes_[gone].pair.rank = kNoRank;
    if (node.next != kNone) nodes_[node.next].previous = at;
    refresh(at);
    if (node.previous != kNone) refresh(node.previous);
  }

  void refresh(uint32_t at) {
    Node& node = nodes_[at];
    if (node.next == kNone) {
      node.pair.rank = kNoRank;
      return;
    }
    const uint32_t end = nodes_[node.next].next;
    node.pair = pairs_.find(at, node.next, end == kNone ? count_ : end);
    if (node.pair.rank != kNoRank) queue_.push(key_of(at));
  }

  Pairs pairs_;
  std::vector<int32_t>& symbols_;
  const uint32_t count_;
  std::vector<Node> nodes_;
  Queue queue_;
};

}  // namespace

void merge_symbols(const PairTable& merges, std::vector<int32_t>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kScanMax) {
    merge_by_scan(merges, symbols);
  } else {
    HeapMerger(PairsOfTable{merges, symbols}, symbols).run();
  }
}

void merge_texts(const TextTable& texts, std::string_view word, std::vector<int32_t>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kScanMax) {
    merge_texts_by_scan(texts, word, symbols);
  } else {
    HeapMerger(PairsOfTexts{texts, word}, symbols).run();
  }
}

}  // namespace estoc
