// Who uses which KV block: a fixed number of blocks, each with a reference count.
//
// What: hands out block ids and takes them back; a block with several references is shared (a common prefix, several
// samples of one prompt). The memory behind the ids is not known here.
// Ownership: owns the counts; whoever takes or shares a block owes one release for it.
// Threads: one thread (the engine's). Errors: none; an empty pool is an outcome, a wrong release is a bug
// (ESTOC_CHECK).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace estoc {

inline constexpr int kBlockTokens = 16;  // positions of one block

// Blocks that cover `positions` positions.
constexpr int blocks_for(int positions) { return positions / kBlockTokens + (positions % kBlockTokens != 0 ? 1 : 0); }

class BlockPool {
 public:
  explicit BlockPool(int block_count);

  // A free block with one reference; nothing when none is free. The one released last comes first: its memory is warm.
  [[nodiscard]] std::optional<BlockId> take();
  // One more reference to a block in use.
  void share(BlockId block);
  // One reference less; the block is free when it was the last.
  void release(BlockId block);

  int references(BlockId block) const;
  int block_count() const { return static_cast<int>(references_.size()); }
  int free_count() const { return static_cast<int>(free_.size()); }
  int used_count() const { return block_count() - free_count(); }

  // Checks that every block is either free once or referenced; aborts when not. For tests: linear in the pool.
  void check_integrity() const;

 private:
  std::vector<int32_t> references_;  // [block_count]
  std::vector<BlockId> free_;        // taken from the back
};

}  // namespace estoc
