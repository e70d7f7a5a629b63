#include "kv/block_pool.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

BlockPool::BlockPool(int block_count) : end_(static_cast<BlockId>(block_count)) {
  ESTOC_CHECK(block_count >= 0);
  references_.assign(static_cast<size_t>(block_count), 0);
  links_.assign(references_.size() + 1, {end_, end_});
  for (BlockId block = 0; block < end_; ++block) link(block, links_[end_].before, end_);
}

void BlockPool::link(BlockId block, BlockId before, BlockId after) {
  links_[block] = {before, after};
  links_[before].after = block;
  links_[after].before = block;
  ++free_count_;
}

void BlockPool::unlink(BlockId block) {
  const Link at = links_[block];
  links_[at.before].after = at.after;
  links_[at.after].before = at.before;
  --free_count_;
}

std::optional<BlockId> BlockPool::take() {
  const BlockId block = links_[end_].after;
  if (block == end_) return std::nullopt;
  unlink(block);
  references_[block] = 1;
  reach_ = std::max(reach_, static_cast<int>(block) + 1);
  return block;
}

void BlockPool::share(BlockId block) {
  ESTOC_CHECK(block < end_);
  if (references_[block]++ == 0) unlink(block);
}

void BlockPool::release(BlockId block, Content content) {
  ESTOC_CHECK(block < end_ && references_[block] > 0);
  if (--references_[block] > 0) return;
  if (content == Content::kept) {
    link(block, links_[end_].before, end_);
  } else {
    link(block, end_, links_[end_].after);
  }
}

int BlockPool::references(BlockId block) const {
  ESTOC_CHECK(block < end_);
  return references_[block];
}

void BlockPool::check_integrity() const {
  std::vector<bool> is_free(references_.size(), false);
  int count = 0;
  for (BlockId block = links_[end_].after; block != end_; block = links_[block].after) {
    ESTOC_CHECK(block < end_ && !is_free[block]);
    ESTOC_CHECK(links_[links_[block].after].before == block);
    is_free[block] = true;
    ++count;
  }
  ESTOC_CHECK(count == free_count_);
  for (size_t block = 0; block < references_.size(); ++block) {
    ESTOC_CHECK(references_[block] >= 0 && is_free[block] == (references_[block] == 0));
  }
}

}  // namespace estoc
