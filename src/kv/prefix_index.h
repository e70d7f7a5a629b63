// Which block holds the keys and values of which beginning.
//
// What: at most one block a hash and one hash a block. A find compares the tokens and the parent's hash too, so that a
// collision of hashes is a miss and never another prompt's content.
// Ownership: owns copies of the tokens; the blocks belong to the pool. Threads: one thread. Errors: none.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>
#include <vector>

#include "kv/block_pool.h"
#include "kv/prefix_hash.h"

namespace estoc {

// A full block of a chain.
struct PrefixBlock {
  PrefixHash hash, parent;
  std::span<const TokenId> tokens;  // kBlockTokens
};

class PrefixIndex {
 public:
  explicit PrefixIndex(int block_count) : entries_(static_cast<size_t>(block_count)) {
    blocks_.reserve(entries_.size());
  }

  std::optional<BlockId> find(const PrefixBlock& block) const;
  // No effect when the hash has a block already.
  void insert(const PrefixBlock& block, BlockId id);
  // No effect when the block is not in the index.
  void erase(BlockId id);
  bool contains(BlockId id) const { return entries_[id].is_used; }
  int count() const { return static_cast<int>(blocks_.size()); }
  // How many have been erased: what was found is still there while this stays the same.
  uint64_t erasure_count() const { return erasure_count_; }

 private:
  struct Entry {
    PrefixHash hash, parent;
    std::array<TokenId, kBlockTokens> tokens;
    bool is_used = false;
  };
  std::unordered_map<PrefixHash, BlockId> blocks_;
  std::vector<Entry> entries_;  // [block]
  uint64_t erasure_count_ = 0;
};

}  // namespace estoc
