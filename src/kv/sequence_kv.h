// The blocks of one sequence, in the order of its positions, for every group of layers; filled by a KvManager.
//
// Ownership: owes the manager a release() before it goes (blocks would leak otherwise). Threads: one thread.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "base/ids.h"
#include "kv/prefix_hash.h"

namespace estoc {

// In the place of a block that was given back because the window has left it behind.
inline constexpr BlockId kNoBlock = std::numeric_limits<BlockId>::max();

class SequenceKv {
 public:
  // blocks(group)[i] holds positions 16 i .. 16 i + 15, or is kNoBlock; of a group of fixed states [0] is all there is.
  std::span<const BlockId> blocks(int group) const { return tables_[static_cast<size_t>(group)].blocks; }
  bool is_empty() const { return tables_.empty(); }
  // Whether what was computed lies in the swap space, where layers do not see it.
  bool is_swapped() const { return !slots_.empty(); }

 private:
  friend class KvManager;
  struct Table {
    std::vector<BlockId> blocks;
    int first = 0;  // those before were given back
  };
  std::vector<Table> tables_;       // [groups]; empty while the sequence has no blocks
  std::vector<Table> slots_;        // [groups], of the swap space; empty unless the sequence was swapped out
  std::vector<PrefixHash> hashes_;  // of the salt, then of each full block, as far as they were asked for
  int published_ = 0;               // full blocks that were offered to the index
  int computed_ = 0;                // positions behind which its states stand
  uint64_t arrives_in_ = 0;         // the step in which it comes back from the swap space, or came
  // The first blocks that every group without a window was found to hold, and the erasures there had been by then.
  int found_ = 0;
  uint64_t found_at_ = 0;
};

}  // namespace estoc
