#include "kv/kv_manager.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

KvManager::KvManager(const std::vector<KvGroup>& groups, bool has_prefix_cache, PrefixHasher hasher)
    : has_prefix_cache_(has_prefix_cache), hasher_(hasher) {
  ESTOC_CHECK(!groups.empty());
  for (const KvGroup& group : groups) {
    ESTOC_CHECK(group.read_grain % kBlockTokens == 0 && group.snapshot_every % kBlockTokens == 0);
    groups_.emplace_back(group);
    if (has_prefix_cache) state_grain_ = std::max(state_grain_, group.snapshot_every);
  }
}

void KvManager::extend_hashes(SequenceKv& kv, std::span<const TokenId> tokens, int blocks) const {
  for (auto i = static_cast<int>(kv.hashes_.size()); i <= blocks; ++i) {
    const auto begin = static_cast<size_t>(i - 1) * kBlockTokens;
    kv.hashes_.push_back(hasher_.next(kv.hashes_.back(), tokens.subspan(begin, kBlockTokens)));
  }
}

PrefixBlock KvManager::prefix_block(const SequenceKv& kv, std::span<const TokenId> tokens, int block) const {
  const auto i = static_cast<size_t>(block);
  return {kv.hashes_[i + 1], kv.hashes_[i], tokens.subspan(i * kBlockTokens, kBlockTokens)};
}

// The first block that is read when the next position to be computed is `positions`.
int KvManager::first_needed(const Group& group, int positions) const {
  if (group.spec.window == 0) return 0;
  const int first = std::max(0, positions + 1 - group.spec.window);
  return first / group.spec.read_grain * (group.spec.read_grain / kBlockTokens);
}

bool KvManager::is_found(const Group& group, const SequenceKv& kv, std::span<const TokenId> tokens, int block) {
  ++lookup_count_;
  return group.blocks.find(prefix_block(kv, tokens, block)).has_value();
}

// How many of the first `blocks` blocks every group without a window holds. A sequence that waits asks at every step:
// it goes on where it ended as long as nothing was erased.
int KvManager::find_beginning(SequenceKv& kv, std::span<const TokenId> tokens, int blocks) {
  const auto holds_all = [](const Group& group) { return group.spec.window == 0 && !group.spec.is_state(); };
  uint64_t erasures = 0;
  for (const Group& group : groups_) erasures += holds_all(group) ? group.blocks.forgotten_count() : 0;
  if (kv.found_at_ != erasures) kv.found_ = 0;
  kv.found_at_ = erasures;
  const auto is_in_all = [&](int block) {
    return std::ranges::all_of(
        groups_, [&](const Group& group) { return !holds_all(group) || is_found(group, kv, tokens, block); });
  };
  while (kv.found_ < blocks && is_in_all(kv.found_)) ++kv.found_;
  return kv.found_;
}

// The last of the first `blocks` blocks that some window or state needs for going on after them and that is not there,
// or nothing.
std::optional<int> KvManager::last_gap(const SequenceKv& kv, std::span<const TokenId> tokens, int blocks) {
  std::optional<int> gap;
  for (const Group& group : groups_) {
    if (group.spec.is_state() && blocks > 0 && !is_found(group, kv, tokens, blocks - 1)) gap = blocks - 1;
  }
  for (const Group& group : groups_) {
    if (group.spec.window == 0) continue;
    const int positions = std::min(blocks * kBlockTokens, static_cast<int>(tokens.size()) - 1);
    const int first = std::max(first_needed(group, positions), gap ? *gap + 1 : 0);
    for (int i = blocks; i-- > first;) {
      if (is_found(group, kv, tokens, i)) continue;
      gap = i;
      break;
    }
  }
  return gap;
}

int KvManager::cached_prefix(SequenceKv& kv, std::span<const TokenId> tokens, std::string_view salt) {
  if (kv.hashes_.empty()) kv.hashes_.push_back(hasher_.start(salt));
  const int size = static_cast<int>(tokens.size()), blocks = size / kBlockTokens;
  extend_hashes(kv, tokens, blocks);
  if (!has_prefix_cache_) return 0;
  int end = find_beginning(kv, tokens, blocks);
  if (state_grain_ > 0) end = std::min(end, (size - 1) / kBlockTokens);  // a state behind the last token is too far
  while (const auto gap = last_gap(kv, tokens, end)) end = *gap;  // every shorter beginning down to it needs it too
  return std::min(end * kBlockTokens, size - 1);
}

int KvManager::end_at_admission(const Group& group, int done, int positions) const {
  return group.spec.window == 0 ? positions : std::min(positions, done + group.spec.ahead);
}

void KvManager::extend(Group& group, SequenceKv::Table& table, int positions) {
  if (group.spec.is_state()) positions = kBlockTokens;
  for (auto i = static_cast<int>(table.blocks.size()); i < blocks_for(positions); ++i)
    table.blocks.push_back(group.blocks.take());
}

bool KvManager::admit(SequenceKv& kv, std::span<const TokenId> tokens, int cached, int positions, int spare) {
  ESTOC_CHECK(kv.is_empty());
  const int whole = cached / kBlockTokens, hits = blocks_for(cached);
  for (Group& group : groups_) {
    if (group.spec.is_state()) {  // one to write, and the one that it is copied from
      const bool is_new =
          hits > 0 && group.blocks.references(*group.blocks.find(prefix_block(kv, tokens, hits - 1))) == 0;
      if (group.blocks.free_count() < (is_new ? 2 : 1)) return false;
      continue;
    }
    int left = group.blocks.free_count() - spare - (blocks_for(end_at_admission(group, cached, positions)) - hits);
    for (int i = first_needed(group, cached); i < hits && left >= 0; ++i) {
      // A hit that nobody uses is a free block now and will not be one then; of one that is used and will be written
      // to, there will be a copy.
      const bool is_used = group.blocks.references(*group.blocks.find(prefix_block(kv, tokens, i))) > 0;
      left -= !is_used || i >= whole ? 1 : 0;
    }
    if (left < 0) return false;
  }
  for (Group& group : groups_) {
    SequenceKv::Table& table = kv.tables_.emplace_back();
    if (group.spec.is_state()) {
      if (hits > 0) {
        table.blocks.push_back(*group.blocks.find(prefix_block(kv, tokens, hits - 1)));
        group.blocks.share(table.blocks.front());
      }
      extend(group, table, positions);
      continue;
    }
    table.first = first_needed(group, cached);
    table.blocks.assign(static_cast<size_t>(hits), kNoBlock);
    for (int i = table.first; i < hits; ++i) {
      const BlockId block = *group.blocks.find(prefix_block(kv, tokens, i));
      group.blocks.share(block);
      table.blocks[static_cast<size_t>(i)] = block;
    }
    extend(group, table, end_at_admission(group, cached, positions));
  }
  kv.published_ = whole;
  kv.computed_ = cached;
  return true;
}

bool KvManager::can_fork(const SequenceKv& from, int shared) const {
  if (from.is_empty() || is_arriving(from)) return false;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const bool is_there = groups_[g].spec.is_state() ? from.computed_ == shared
                                                     : from.tables_[g].first <= first_needed(groups_[g], shared);
    if (!is_there) return false;
  }
  return true;
}

bool KvManager::fork(const SequenceKv& from, SequenceKv& kv, int shared, int positions, int spare) {
  ESTOC_CHECK(kv.is_empty() && can_fork(from, shared));
  const int hits = blocks_for(shared);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    if (group.spec.is_state()) {
      if (group.blocks.free_count() < 1) return false;
      continue;
    }
    const int copied = shared % kBlockTokens != 0 ? 1 : 0;
    const int missing = blocks_for(end_at_admission(group, shared, positions)) - hits + copied;
    if (group.blocks.free_count() < missing + spare) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    SequenceKv::Table& table = kv.tables_.emplace_back();
    if (group.spec.is_state()) {
      table.blocks.push_back(from.tables_[g].blocks.front());
      group.blocks.share(table.blocks.front());
      continue;
    }
    table.first = first_needed(group, shared);
    table.blocks.assign(static_cast<size_t>(hits), kNoBlock);
    for (auto i = static_cast<size_t>(table.first); i < static_cast<size_t>(hits); ++i) {
      group.blocks.share(from.tables_[g].blocks[i]);
      table.blocks[i] = from.tables_[g].blocks[i];
    }
    extend(group, table, end_at_admission(group, shared, positions));
  }
  kv.published_ = std::min(from.published_, shared / kBlockTokens);
  kv.computed_ = shared;
  return true;
}

// Before a block is written that others use too, or that is a kept state: go on in a copy. A kept state that nobody
// else uses is given up instead when no block is free.
void KvManager::make_writable(Group& group, int index, BlockId& block) {
  const bool is_kept = group.spec.is_state() && group.blocks.is_published(block) && group.blocks.free_count() > 0;
  if (group.blocks.references(block) > 1 || is_kept) {
    const BlockId copy = group.blocks.take();
    copies_.push_back({index, block, copy});
    group.blocks.release(block);
    block = copy;
  }
  group.blocks.unpublish(block);  // it will not hold what it was published for
}

bool KvManager::is_writable(const SequenceKv& kv, int position) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const std::vector<BlockId>& blocks = kv.tables_[g].blocks;
    const size_t written = group.spec.is_state() ? 0 : static_cast<size_t>(position / kBlockTokens);
    if (written >= blocks.size()) continue;
    const bool is_kept = group.spec.is_state() && group.blocks.is_published(blocks[written]);
    if (is_kept || group.blocks.references(blocks[written]) > 1) return false;
  }
  return true;
}

bool KvManager::grow(SequenceKv& kv, int begin, int end) {
  const auto written = [&](const Group& group) {
    return group.spec.is_state() ? size_t{0} : static_cast<size_t>(begin / kBlockTokens);
  };
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const std::vector<BlockId>& blocks = kv.tables_[g].blocks;
    int missing = group.spec.is_state() ? 0 : std::max(0, blocks_for(end) - static_cast<int>(blocks.size()));
    if (written(group) < blocks.size() && group.blocks.references(blocks[written(group)]) > 1) ++missing;
    if (group.blocks.free_count() < missing) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    SequenceKv::Table& table = kv.tables_[g];
    if (written(group) < table.blocks.size()) {
      make_writable(group, static_cast<int>(g), table.blocks[written(group)]);
    }
    extend(group, table, end);
  }
  return true;
}

void KvManager::commit(SequenceKv& kv, std::span<const TokenId> tokens, int computed) {
  const int full = computed / kBlockTokens;
  if (has_prefix_cache_ && full > kv.published_) {
    extend_hashes(kv, tokens, full);
    for (int i = kv.published_; i < full; ++i) {
      for (size_t g = 0; g < groups_.size(); ++g) {
        if (groups_[g].spec.is_state()) continue;
        const BlockId block = kv.tables_[g].blocks[static_cast<size_t>(i)];
        if (block == kNoBlock || groups_[g].blocks.is_published(block)) continue;  // of one that was swapped in
        groups_[g].blocks.publish(prefix_block(kv, tokens, i), block);
      }
    }
    kv.published_ = full;
  }
  kv.computed_ = computed;
  for (size_t g = 0; g < groups_.size(); ++g) {
    SequenceKv::Table& table = kv.tables_[g];
    if (groups_[g].spec.is_state()) {
      if (!has_prefix_cache_ || computed % groups_[g].spec.snapshot_every != 0) continue;
      groups_[g].blocks.publish(prefix_block(kv, tokens, full - 1), table.blocks.front());
      continue;
    }
    for (const int first = first_needed(groups_[g], computed); table.first < first; ++table.first) {
      BlockId& block = table.blocks[static_cast<size_t>(table.first)];
      groups_[g].blocks.release(block);
      block = kNoBlock;
    }
  }
}

bool KvManager::can_truncate() const {
  return std::ranges::none_of(groups_, [](const Group& group) { return group.spec.is_state(); });
}

void KvManager::truncate(SequenceKv& kv, int positions) {
  ESTOC_CHECK(can_truncate() && positions >= kv.computed_);
  for (size_t g = 0; g < kv.tables_.size(); ++g) {
    SequenceKv::Table& table = kv.tables_[g];
    while (static_cast<int>(table.blocks.size()) > std::max(blocks_for(positions), table.first)) {
      groups_[g].blocks.release(table.blocks.back());
      table.blocks.pop_back();
    }
  }
}

void KvManager::release(SequenceKv& kv) {
  release_blocks(kv);
  release_slots(kv);
  kv.published_ = kv.computed_ = 0;
}

void KvManager::release_blocks(SequenceKv& kv) {
  for (size_t g = 0; g < kv.tables_.size(); ++g) {
    SequenceKv::Table& table = kv.tables_[g];
    for (auto i = static_cast<int>(table.blocks.size()); i-- > table.first;) {
      groups_[g].blocks.release(table.blocks[static_cast<size_t>(i)]);
    }
  }
  kv.tables_.clear();
}

int KvManager::block_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.blocks.block_count();
  return count;
}

int KvManager::used_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.blocks.used_count();
  return count;
}

int KvManager::cached_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.blocks.cached_count();
  return count;
}

int KvManager::free_count() const {
  int count = groups_.front().blocks.free_count();
  for (const Group& group : groups_) count = std::min(count, group.blocks.free_count());
  return count;
}

void KvManager::check_integrity(std::span<const SequenceKv* const> sequences) const {
  const auto count = [](std::vector<int>& references, const SequenceKv::Table& table) {
    for (size_t i = 0; i < table.blocks.size(); ++i) {
      ESTOC_CHECK((table.blocks[i] == kNoBlock) == (static_cast<int>(i) < table.first));
      if (table.blocks[i] != kNoBlock) ++references[table.blocks[i]];
    }
  };
  for (size_t g = 0; g < groups_.size(); ++g) {
    std::vector<int> blocks(static_cast<size_t>(groups_[g].blocks.block_count()));
    std::vector<int> slots(static_cast<size_t>(groups_[g].slots.block_count()));
    for (const SequenceKv* kv : sequences) {
      ESTOC_CHECK(kv->is_empty() || !kv->is_swapped());
      if (!kv->is_empty()) count(blocks, kv->tables_[g]);
      if (kv->is_swapped()) count(slots, kv->slots_[g]);
    }
    groups_[g].blocks.check_integrity(blocks);
    groups_[g].slots.check_integrity(slots);
  }
}

}  // namespace estoc
