#include "kv/prefix_index.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

std::optional<BlockId> PrefixIndex::find(const PrefixBlock& block) const {
  const auto found = blocks_.find(block.hash);
  if (found == blocks_.end()) return std::nullopt;
  const Entry& entry = entries_[found->second];
  if (entry.parent != block.parent || !std::ranges::equal(entry.tokens, block.tokens)) return std::nullopt;
  return found->second;
}

void PrefixIndex::insert(const PrefixBlock& block, BlockId id) {
  ESTOC_CHECK(block.tokens.size() == kBlockTokens && !entries_[id].is_used);
  if (!blocks_.emplace(block.hash, id).second) return;
  Entry& entry = entries_[id];
  entry.hash = block.hash;
  entry.parent = block.parent;
  std::ranges::copy(block.tokens, entry.tokens.begin());
  entry.is_used = true;
}

void PrefixIndex::erase(BlockId id) {
  Entry& entry = entries_[id];
  if (!entry.is_used) return;
  entry.is_used = false;
  blocks_.erase(entry.hash);
  ++erasure_count_;
}

}  // namespace estoc
