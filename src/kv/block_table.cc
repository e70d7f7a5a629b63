#include "kv/block_table.h"

#include <algorithm>

namespace estoc {

int BlockTable::missing_for(int positions) const { return std::max(0, blocks_for(positions) - block_count()); }

bool BlockTable::grow(BlockPool& pool, int positions) {
  const int missing = missing_for(positions);
  if (missing > pool.free_count()) return false;
  for (int i = 0; i < missing; ++i) blocks_.push_back(*pool.take());
  return true;
}

void BlockTable::release(BlockPool& pool) {
  for (; !blocks_.empty(); blocks_.pop_back()) pool.release(blocks_.back());
}

}  // namespace estoc
