// Blocks of one memory with what they hold: who uses them, and which beginning is found in which.
//
// What: a block that is given back while the index names it is kept for that, and forgotten when it is handed out to be
// written anew. Ownership: whoever takes or shares a block owes one release for it. Threads: one thread. Errors: none.
#pragma once

#include <optional>

#include "kv/block_pool.h"
#include "kv/prefix_index.h"

namespace estoc {

class BlockStore {
 public:
  explicit BlockStore(int block_count) : pool_(block_count), index_(block_count) {}

  // A free block with one reference, which is found under no name. REQUIRES that there is one.
  BlockId take();
  void share(BlockId block);
  void release(BlockId block);

  std::optional<BlockId> find(const PrefixBlock& content) const { return index_.find(content); }
  bool is_published(BlockId block) const { return index_.contains(block); }
  void publish(const PrefixBlock& content, BlockId block) { index_.insert(content, block); }
  // The block is used and about to hold something else.
  void unpublish(BlockId block) { index_.erase(block); }
  // How many names were forgotten: what was found is still there while this stays the same.
  uint64_t forgotten_count() const { return index_.erasure_count(); }

  int references(BlockId block) const { return pool_.references(block); }
  int block_count() const { return pool_.block_count(); }
  int free_count() const { return pool_.free_count(); }
  int used_count() const { return pool_.used_count(); }
  int cached_count() const { return cached_; }  // free blocks that still are found
  int reach() const { return pool_.reach(); }

  // Checks everything, and that block i has `references[i]`; aborts when not. For tests.
  void check_integrity(const std::vector<int>& references) const;

 private:
  BlockPool pool_;
  PrefixIndex index_;
  int cached_ = 0;
};

}  // namespace estoc
