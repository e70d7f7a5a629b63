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

// A doubly linked list over the symbols; position i is the place of the i-th symbol at the start.
class HeapMerger {
 public:
  HeapMerger(const PairTable& merges, std::vector<int32_t>& symbols)
      : merges_(merges), symbols_(symbols), count_(static_cast<uint32_t>(symbols.size())), nodes_(symbols.size()) {
    for (uint32_t i = 0; i < count_; ++i) {
      nodes_[i].previous = i == 0 ? kNone : i - 1;
      nodes_[i].next = i + 1 == count_ ? kNone : i + 1;
    }
    std::vector<uint64_t> start;
    start.reserve(count_);
    for (uint32_t i = 0; i + 1 < count_; ++i) {
      nodes_[i].pair = merge_of(merges_, symbols_[i], symbols_[i + 1]);
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
    node.pair = node.next == kNone ? Merge{kNoRank, 0} : merge_of(merges_, symbols_[at], symbols_[node.next]);
    if (node.pair.rank != kNoRank) queue_.push(key_of(at));
  }

  const PairTable& merges_;
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
    HeapMerger(merges, symbols).run();
  }
}

}  // namespace estoc
