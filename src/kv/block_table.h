// The blocks of one sequence, in the order of its positions: blocks()[i] holds positions 16 i .. 16 i + 15.
//
// Ownership: owes the pool one release per block; call release before it goes (the pool would leak them otherwise).
// The pool is passed to each call and is always the same one. Threads: one thread. Errors: none.
#pragma once

#include <span>
#include <vector>

#include "kv/block_pool.h"

namespace estoc {

class BlockTable {
 public:
  std::span<const BlockId> blocks() const { return blocks_; }
  int block_count() const { return static_cast<int>(blocks_.size()); }
  // Blocks that are missing to cover `positions` positions.
  int missing_for(int positions) const;

  // Takes blocks until `positions` positions are covered. All or nothing: false and unchanged when the pool has too
  // few.
  [[nodiscard]] bool grow(BlockPool& pool, int positions);
  // Gives every block back, the last first.
  void release(BlockPool& pool);

 private:
  std::vector<BlockId> blocks_;
};

}  // namespace estoc
