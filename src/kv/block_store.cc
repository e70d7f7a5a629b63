#include "kv/block_store.h"

#include "base/check.h"

namespace estoc {

BlockId BlockStore::take() {
  const auto block = pool_.take();
  ESTOC_CHECK(block.has_value());
  if (index_.contains(*block)) --cached_;
  index_.erase(*block);
  return *block;
}

void BlockStore::share(BlockId block) {
  if (pool_.references(block) == 0) --cached_;
  pool_.share(block);
}

void BlockStore::release(BlockId block) {
  const bool is_kept = index_.contains(block);
  pool_.release(block, is_kept ? BlockPool::Content::kept : BlockPool::Content::worthless);
  if (is_kept && pool_.references(block) == 0) ++cached_;
}

void BlockStore::check_integrity(const std::vector<int>& references) const {
  pool_.check_integrity();
  ESTOC_CHECK(static_cast<int>(references.size()) == pool_.block_count());
  int indexed = 0, cached = 0;
  for (BlockId block = 0; block < references.size(); ++block) {
    ESTOC_CHECK(pool_.references(block) == references[block]);
    indexed += index_.contains(block) ? 1 : 0;
    cached += index_.contains(block) && references[block] == 0 ? 1 : 0;
  }
  ESTOC_CHECK(indexed == index_.count() && cached == cached_);
}

}  // namespace estoc
