// Who uses which KV block: a fixed number of blocks, each with a reference count.
//
// What: hands out block ids and takes them back; a block with several references is shared (a common prefix, several
// samples of one prompt). A free block may be kept for what it holds: it is handed out only when no other is left, the
// one that was freed first going first, and until then it can be had back by share(). The memory behind the ids is not
// known here.
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
  enum class Content { worthless, kept };

  explicit BlockPool(int block_count);

  // A free block with one reference; nothing when none is free. Worthless ones come first, the one released last
  // before the others: its memory is warm. Then the kept ones, oldest first.
  [[nodiscard]] std::optional<BlockId> take();
  // One more reference to a block in use, or the first to a free one.
  void share(BlockId block);
  // One reference less; the block is free when it was the last.
  void release(BlockId block, Content content = Content::worthless);

  int references(BlockId block) const;
  int block_count() const { return static_cast<int>(references_.size()); }
  int free_count() const { return free_count_; }
  int used_count() const { return block_count() - free_count(); }
  // One more than the highest block ever taken: lower ones come first.
  int reach() const { return reach_; }

  // Checks that every block is either free once or referenced; aborts when not. For tests: linear in the pool.
  void check_integrity() const;

 private:
  struct Link {
    BlockId before, after;
  };
  void link(BlockId block, BlockId before, BlockId after);
  void unlink(BlockId block);

  std::vector<int32_t> references_;  // [block_count]
  std::vector<Link> links_;          // [block_count + 1]: a ring of the free blocks; the last is its end
  BlockId end_;
  int free_count_ = 0;
  int reach_ = 0;
};

}  // namespace estoc
