// How a sequence's blocks go to the swap space and come back.
#include "base/check.h"
#include "kv/kv_manager.h"

namespace estoc {

// Behind the last block of a group that holds something of the sequence.
int KvManager::filled(const Group& group, const SequenceKv& kv) {
  return group.spec.is_state() ? 1 : blocks_for(kv.computed_);
}

// The block or slot that is known to hold what the sequence's i-th block does.
std::optional<BlockId> KvManager::find_copy(const Group& group, const BlockStore& store, const SequenceKv& kv,
                                            std::span<const TokenId> tokens, int i) const {
  if (!has_prefix_cache_ || group.spec.is_state() || i >= kv.computed_ / kBlockTokens) return std::nullopt;
  return store.find(prefix_block(kv, tokens, i));
}

// How many of `store`'s free blocks it takes to hold the sequence's blocks [begin, end).
int KvManager::count_missing(const Group& group, const BlockStore& store, const SequenceKv& kv,
                             std::span<const TokenId> tokens, int begin, int end) const {
  int missing = 0;
  for (int i = begin; i < end; ++i) {
    const auto copy = find_copy(group, store, kv, tokens, i);
    missing += !copy || store.references(*copy) == 0 ? 1 : 0;
  }
  return missing;
}

// Shares what `store` holds of the blocks that `from` has, and calls `take(i)` for the others: after those, because a
// block that is taken may be one of them.
template <typename Take>
SequenceKv::Table KvManager::copy_table(const Group& group, BlockStore& store, const SequenceKv& kv,
                                        std::span<const TokenId> tokens, int first, Take&& take) const {
  SequenceKv::Table table;
  table.first = first;
  table.blocks.assign(static_cast<size_t>(filled(group, kv)), kNoBlock);
  for (int i = first; i < filled(group, kv); ++i) {
    const auto copy = find_copy(group, store, kv, tokens, i);
    if (!copy) continue;
    store.share(*copy);
    table.blocks[static_cast<size_t>(i)] = *copy;
  }
  for (int i = first; i < filled(group, kv); ++i) {
    BlockId& block = table.blocks[static_cast<size_t>(i)];
    if (block == kNoBlock) block = take(i);
  }
  return table;
}

bool KvManager::swap_out(SequenceKv& kv, std::span<const TokenId> tokens) {
  ESTOC_CHECK(!kv.is_empty() && !kv.is_swapped());
  if (kv.computed_ == 0) return false;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const int missing = count_missing(group, group.slots, kv, tokens, kv.tables_[g].first, filled(group, kv));
    if (group.slots.free_count() < missing) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    const SequenceKv::Table& table = kv.tables_[g];
    kv.slots_.push_back(copy_table(group, group.slots, kv, tokens, table.first, [&](int i) {
      const BlockId slot = group.slots.take();
      swaps_.outs.push_back({static_cast<int>(g), table.blocks[static_cast<size_t>(i)], slot});
      const bool is_full = has_prefix_cache_ && !group.spec.is_state() && i < kv.computed_ / kBlockTokens;
      if (is_full) group.slots.publish(prefix_block(kv, tokens, i), slot);
      return slot;
    }));
  }
  release_blocks(kv);
  return true;
}

bool KvManager::swap_in(SequenceKv& kv, std::span<const TokenId> tokens, int positions, int spare) {
  ESTOC_CHECK(kv.is_empty() && kv.is_swapped());
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const int end = group.spec.is_state() ? 1 : blocks_for(end_at_admission(group, kv.computed_, positions));
    const int missing = count_missing(group, group.blocks, kv, tokens, kv.slots_[g].first, end);
    if (group.blocks.free_count() - (group.spec.is_state() ? 0 : spare) < missing) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    const SequenceKv::Table& slots = kv.slots_[g];
    kv.tables_.push_back(copy_table(group, group.blocks, kv, tokens, slots.first, [&](int i) {
      const BlockId block = group.blocks.take();
      swaps_.ins.push_back({static_cast<int>(g), block, slots.blocks[static_cast<size_t>(i)]});
      return block;
    }));
    extend(group, kv.tables_[g], end_at_admission(group, kv.computed_, positions));
  }
  release_slots(kv);
  kv.published_ = 0;  // what comes in is published by the next commit, when it is there
  kv.arrives_in_ = step_;
  return true;
}

void KvManager::release_slots(SequenceKv& kv) {
  for (size_t g = 0; g < kv.slots_.size(); ++g) {
    const SequenceKv::Table& slots = kv.slots_[g];
    for (auto i = static_cast<int>(slots.blocks.size()); i-- > slots.first;) {
      groups_[g].slots.release(slots.blocks[static_cast<size_t>(i)]);
    }
  }
  kv.slots_.clear();
}

void KvManager::end_step() {
  copies_.clear();
  swapped_out_ += swaps_.outs.size();
  swapped_in_ += swaps_.ins.size();
  swaps_.outs.clear();
  swaps_.ins.clear();
  swaps_.are_ins_awaited = false;
  ++step_;
}

void KvManager::forget_swaps() {
  for (const SwapCopy& copy : swaps_.outs) groups_[static_cast<size_t>(copy.group)].slots.unpublish(copy.slot);
}

int KvManager::slot_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.slots.block_count();
  return count;
}

int KvManager::slots_used() const {
  int count = 0;
  for (const Group& group : groups_) count += group.slots.used_count();
  return count;
}

}  // namespace estoc
