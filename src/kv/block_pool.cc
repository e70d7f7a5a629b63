#include "kv/block_pool.h"

#include "base/check.h"

namespace estoc {

BlockPool::BlockPool(int block_count) {
  ESTOC_CHECK(block_count >= 0);
  references_.assign(static_cast<size_t>(block_count), 0);
  free_.reserve(references_.size());
  for (int block = block_count; block > 0; --block) free_.push_back(static_cast<BlockId>(block - 1));
}

std::optional<BlockId> BlockPool::take() {
  if (free_.empty()) return std::nullopt;
  const BlockId block = free_.back();
  free_.pop_back();
  references_[block] = 1;
  return block;
}

void BlockPool::share(BlockId block) {
  ESTOC_CHECK(block < references_.size() && references_[block] > 0);
  ++references_[block];
}

void BlockPool::release(BlockId block) {
  ESTOC_CHECK(block < references_.size() && references_[block] > 0);
  if (--references_[block] == 0) free_.push_back(block);
}

int BlockPool::references(BlockId block) const {
  ESTOC_CHECK(block < references_.size());
  return references_[block];
}

void BlockPool::check_integrity() const {
  std::vector<bool> is_free(references_.size(), false);
  for (const BlockId block : free_) {
    ESTOC_CHECK(block < references_.size());
    ESTOC_CHECK(!is_free[block]);
    is_free[block] = true;
  }
  for (size_t block = 0; block < references_.size(); ++block) ESTOC_CHECK(is_free[block] == (references_[block] == 0));
}

}  // namespace estoc
