// The KV cache as the scheduler sees it: blocks for sequences, shared where their beginnings are equal.
//
// What: layers that see the same part of the past form a group (full attention, or a sliding window) with a pool of its
// own; a sequence has a table of blocks in each. Full blocks are published under the hash of all tokens up to their
// end, and stay findable after their sequence ended until the memory is needed: least recently used first, a
// sequence's last blocks before its first. A window's blocks are given back when the window has passed. A state that
// does not grow is one block: what is published of it are copies after some of the positions, and a sequence can go on
// from those only. A block that several sequences use is copied before one of them writes into it: see copies().
// Ownership: owns pools and index; sequences own their SequenceKv and must release() it. The memory behind the blocks
// is tensor/state_storage.h's. Threads: one thread (the engine's). Errors: none; too few blocks is an outcome.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/swap_copy.h"
#include "kv/block_store.h"
#include "kv/prefix_hash.h"
#include "kv/sequence_kv.h"

namespace estoc {

struct KvGroup {
  int window = 0;  // positions a token sees, itself included; 0 for all
  int block_count = 0;
  // A window's blocks are read from the multiple of this many positions on that lies before it.
  int read_grain = kBlockTokens;
  // Blocks of a window are taken when they are written, at most this many positions ahead; full groups take all at
  // admission.
  int ahead = 0;
  // Above 0: a fixed state, one block a sequence of any length. It is published after every so many positions, a
  // multiple of 16, and copied before it goes on.
  int snapshot_every = 0;
  int slot_count = 0;  // of the swap space
  bool is_state() const { return snapshot_every > 0; }
};

// What a step copies to and from the swap space. Those out come before all else of the step, even copies(): what they
// read is written over by it. Those in may be made while the step is computed, unless it has to wait for them.
struct KvSwaps {
  std::vector<SwapCopy> outs, ins;
  bool are_ins_awaited = false;
};

class KvManager {
 public:
  KvManager(const std::vector<KvGroup>& groups, bool has_prefix_cache, PrefixHasher hasher);

  // How many positions at the beginning of `tokens` are in the cache: those of whole blocks but never the last token's,
  // whose logits somebody wants; with states, up to one that was kept. Call before admit; keeps the hashes in `kv`, and
  // what was found: asking again costs little while none of it had to make room.
  int cached_prefix(SequenceKv& kv, std::span<const TokenId> tokens, std::string_view salt);
  // Gives `kv` the cached blocks of the first `cached` positions, part of a block included, and free ones up to
  // `positions`. All or nothing: false
  // and unchanged when less than `spare` free blocks would be left in a group.
  [[nodiscard]] bool admit(SequenceKv& kv, std::span<const TokenId> tokens, int cached, int positions, int spare);
  // Whether the other's windows still hold what a fork of its first `shared` positions needs, and its states are there.
  bool can_fork(const SequenceKv& from, int shared) const;
  // As admit, with the first `shared` positions of another sequence instead, part of a block included. REQUIRES
  // can_fork.
  [[nodiscard]] bool fork(const SequenceKv& from, SequenceKv& kv, int shared, int positions, int spare);

  // Makes positions [begin, end) writable: takes blocks that are missing, copies a shared one. All or nothing.
  [[nodiscard]] bool grow(SequenceKv& kv, int begin, int end);
  // Whether grow at this position would copy nothing: what lies there is the sequence's own.
  bool is_writable(const SequenceKv& kv, int position) const;
  // The first `computed` of `tokens` have their keys and values now: publishes full blocks, gives back what the window
  // has passed.
  void commit(SequenceKv& kv, std::span<const TokenId> tokens, int computed);
  // Gives back the blocks behind the first `positions`, as if no more had been asked for: what was computed there on
  // trial is forgotten. REQUIRES that what was committed stays, and that no state has gone on behind it (can_truncate).
  void truncate(SequenceKv& kv, int positions);
  // Whether what was not committed can be taken back: states that have gone on cannot.
  bool can_truncate() const;
  // Gives every block and slot back, the last first. The hashes stay, for when it is admitted again.
  void release(SequenceKv& kv);

  // Takes a sequence's blocks away and leaves what was computed in the swap space. All or nothing: false and unchanged
  // when there is no room for it, or nothing was computed. `tokens` as for commit.
  [[nodiscard]] bool swap_out(SequenceKv& kv, std::span<const TokenId> tokens);
  // Gives one that was swapped out blocks up to `positions`, as admit does. Nobody may read them before the next step,
  // unless this one waits for what comes in.
  [[nodiscard]] bool swap_in(SequenceKv& kv, std::span<const TokenId> tokens, int positions, int spare);
  // Of a sequence with blocks: whether they only come in with the step that is planned.
  bool is_arriving(const SequenceKv& kv) const { return kv.arrives_in_ == step_; }

  // What has to be copied before anything is computed, in this order.
  std::vector<BlockCopy>& copies() { return copies_; }
  KvSwaps& swaps() { return swaps_; }
  // The copies of a step were made, or have failed with it: forgets them.
  void end_step();
  // The step's copies may not have been made: nobody finds what they should have brought. Before end_step, and before
  // the sequences that they are of are released.
  void forget_swaps();

  // The hash of each full block of `tokens`, the first of which is [1]; [0] is the salt's. As admitted or asked for.
  std::span<const PrefixHash> hashes(const SequenceKv& kv) const { return kv.hashes_; }

  bool has_prefix_cache() const { return has_prefix_cache_; }
  // A step should end a sequence's tokens at multiples of this, where its states are kept; 0 when it does not matter.
  int state_grain() const { return state_grain_; }
  int group_count() const { return static_cast<int>(groups_.size()); }
  int block_count() const;
  int used_count() const;
  // Free blocks that still hold a published prefix.
  int cached_count() const;
  // Free blocks of the group that has the fewest.
  int free_count() const;

  // Of the swap space, and blocks that were copied there and back since the start.
  int slot_count() const;
  int slots_used() const;
  uint64_t swapped_out() const { return swapped_out_; }
  uint64_t swapped_in() const { return swapped_in_; }

  // How far up the group's blocks have ever been in use.
  int reach(int group) const { return groups_[static_cast<size_t>(group)].blocks.reach(); }

  // Blocks that cached_prefix has looked for. For tests.
  uint64_t lookup_count() const { return lookup_count_; }
  // Checks pools, index and that every reference belongs to one of `sequences`, which are all there are; aborts when
  // not. For tests.
  void check_integrity(std::span<const SequenceKv* const> sequences) const;

 private:
  struct Group {
    explicit Group(const KvGroup& spec) : spec(spec), blocks(spec.block_count), slots(spec.slot_count) {}
    KvGroup spec;
    BlockStore blocks;
    BlockStore slots;  // of the swap space
  };
  void extend_hashes(SequenceKv& kv, std::span<const TokenId> tokens, int blocks) const;
  bool is_found(const Group& group, const SequenceKv& kv, std::span<const TokenId> tokens, int block);
  int find_beginning(SequenceKv& kv, std::span<const TokenId> tokens, int blocks);
  std::optional<int> last_gap(const SequenceKv& kv, std::span<const TokenId> tokens, int blocks);
  PrefixBlock prefix_block(const SequenceKv& kv, std::span<const TokenId> tokens, int block) const;
  int first_needed(const Group& group, int positions) const;
  int end_at_admission(const Group& group, int done, int positions) const;
  void extend(Group& group, SequenceKv::Table& table, int positions);
  void make_writable(Group& group, int index, BlockId& block);
  void release_blocks(SequenceKv& kv);
  void release_slots(SequenceKv& kv);
  static int filled(const Group& group, const SequenceKv& kv);
  std::optional<BlockId> find_copy(const Group& group, const BlockStore& store, const SequenceKv& kv,
                                   std::span<const TokenId> tokens, int i) const;
  int count_missing(const Group& group, const BlockStore& store, const SequenceKv& kv, std::span<const TokenId> tokens,
                    int begin, int end) const;
  template <typename Take>
  SequenceKv::Table copy_table(const Group& group, BlockStore& store, const SequenceKv& kv,
                               std::span<const TokenId> tokens, int first, Take&& take) const;

  std::vector<Group> groups_;
  const bool has_prefix_cache_;
  int state_grain_ = 0;
  const PrefixHasher hasher_;
  std::vector<BlockCopy> copies_;
  KvSwaps swaps_;
  uint64_t step_ = 1;  // that is planned
  uint64_t swapped_out_ = 0, swapped_in_ = 0;
  uint64_t lookup_count_ = 0;
};

}  // namespace estoc
