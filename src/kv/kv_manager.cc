#include "kv/kv_manager.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

KvManager::KvManager(const std::vector<KvGroup>& groups, bool has_prefix_cache, PrefixHasher hasher)
    : has_prefix_cache_(has_prefix_cache), hasher_(hasher) {
  ESTOC_CHECK(!groups.empty());
  for (const KvGroup& group : groups) {
    ESTOC_CHECK(group.read_grain % kBlockTokens == 0);
    groups_.emplace_back(group);
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
  return group.index.find(prefix_block(kv, tokens, block)).has_value();
}

// How many of the first `blocks` blocks every group without a window holds. A sequence that waits asks at every step:
// it goes on where it ended as long as nothing was erased.
int KvManager::find_beginning(SequenceKv& kv, std::span<const TokenId> tokens, int blocks) {
  const auto holds_all = [](const Group& group) { return group.spec.window == 0; };
  uint64_t erasures = 0;
  for (const Group& group : groups_) erasures += holds_all(group) ? group.index.erasure_count() : 0;
  if (kv.found_at_ != erasures) kv.found_ = 0;
  kv.found_at_ = erasures;
  const auto is_in_all = [&](int block) {
    return std::ranges::all_of(
        groups_, [&](const Group& group) { return !holds_all(group) || is_found(group, kv, tokens, block); });
  };
  while (kv.found_ < blocks && is_in_all(kv.found_)) ++kv.found_;
  return kv.found_;
}

// The last of the first `blocks` blocks that some window needs for going on after them and that is not there, or
// nothing.
std::optional<int> KvManager::last_gap(const SequenceKv& kv, std::span<const TokenId> tokens, int blocks) {
  std::optional<int> gap;
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
  while (const auto gap = last_gap(kv, tokens, end)) end = *gap;  // every shorter beginning down to it needs it too
  return std::min(end * kBlockTokens, size - 1);
}

int KvManager::end_at_admission(const Group& group, int done, int positions) const {
  return group.spec.window == 0 ? positions : std::min(positions, done + group.spec.ahead);
}

BlockId KvManager::take(Group& group) {
  const auto block = group.pool.take();
  ESTOC_CHECK(block.has_value());
  if (group.index.contains(*block)) --group.cached;
  group.index.erase(*block);
  return *block;
}

void KvManager::share(Group& group, BlockId block) {
  if (group.pool.references(block) == 0) --group.cached;
  group.pool.share(block);
}

void KvManager::extend(Group& group, SequenceKv::Table& table, int positions) {
  for (auto i = static_cast<int>(table.blocks.size()); i < blocks_for(positions); ++i)
    table.blocks.push_back(take(group));
}

bool KvManager::admit(SequenceKv& kv, std::span<const TokenId> tokens, int cached, int positions, int spare) {
  ESTOC_CHECK(kv.is_empty());
  const int whole = cached / kBlockTokens, hits = blocks_for(cached);
  for (Group& group : groups_) {
    int left = group.pool.free_count() - spare - (blocks_for(end_at_admission(group, cached, positions)) - hits);
    for (int i = first_needed(group, cached); i < hits && left >= 0; ++i) {
      // A hit that nobody uses is a free block now and will not be one then; of one that is used and will be written
      // to, there will be a copy.
      const bool is_used = group.pool.references(*group.index.find(prefix_block(kv, tokens, i))) > 0;
      left -= !is_used || i >= whole ? 1 : 0;
    }
    if (left < 0) return false;
  }
  for (Group& group : groups_) {
    SequenceKv::Table& table = kv.tables_.emplace_back();
    table.first = first_needed(group, cached);
    table.blocks.assign(static_cast<size_t>(hits), kNoBlock);
    for (int i = table.first; i < hits; ++i) {
      const BlockId block = *group.index.find(prefix_block(kv, tokens, i));
      share(group, block);
      table.blocks[static_cast<size_t>(i)] = block;
    }
    extend(group, table, end_at_admission(group, cached, positions));
  }
  kv.published_ = whole;
  return true;
}

bool KvManager::can_fork(const SequenceKv& from, int shared) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (from.is_empty() || from.tables_[g].first > first_needed(groups_[g], shared)) return false;
  }
  return true;
}

bool KvManager::fork(const SequenceKv& from, SequenceKv& kv, int shared, int positions, int spare) {
  ESTOC_CHECK(kv.is_empty() && can_fork(from, shared));
  const int hits = blocks_for(shared);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const int copied = shared % kBlockTokens != 0 ? 1 : 0;
    const int missing = blocks_for(end_at_admission(group, shared, positions)) - hits + copied;
    if (group.pool.free_count() < missing + spare) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    SequenceKv::Table& table = kv.tables_.emplace_back();
    table.first = first_needed(group, shared);
    table.blocks.assign(static_cast<size_t>(hits), kNoBlock);
    for (auto i = static_cast<size_t>(table.first); i < static_cast<size_t>(hits); ++i) {
      share(group, from.tables_[g].blocks[i]);
      table.blocks[i] = from.tables_[g].blocks[i];
    }
    extend(group, table, end_at_admission(group, shared, positions));
  }
  kv.published_ = std::min(from.published_, shared / kBlockTokens);
  return true;
}

bool KvManager::grow(SequenceKv& kv, int begin, int end) {
  const auto written = static_cast<size_t>(begin / kBlockTokens);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const std::vector<BlockId>& blocks = kv.tables_[g].blocks;
    int missing = std::max(0, blocks_for(end) - static_cast<int>(blocks.size()));
    if (written < blocks.size() && group.pool.references(blocks[written]) > 1) ++missing;
    if (group.pool.free_count() < missing) return false;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    SequenceKv::Table& table = kv.tables_[g];
    if (written < table.blocks.size()) {
      BlockId& block = table.blocks[written];
      if (group.pool.references(block) > 1) {
        const BlockId copy = take(group);
        copies_.push_back({static_cast<int>(g), block, copy});
        release_block(group, block);
        block = copy;
      }
      group.index.erase(block);  // it will not hold what it was published for
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
        groups_[g].index.insert(prefix_block(kv, tokens, i), kv.tables_[g].blocks[static_cast<size_t>(i)]);
      }
    }
    kv.published_ = full;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    SequenceKv::Table& table = kv.tables_[g];
    for (const int first = first_needed(groups_[g], computed); table.first < first; ++table.first) {
      BlockId& block = table.blocks[static_cast<size_t>(table.first)];
      release_block(groups_[g], block);
      block = kNoBlock;
    }
  }
}

void KvManager::release_block(Group& group, BlockId block) {
  const bool is_published = group.index.contains(block);
  group.pool.release(block, is_published ? BlockPool::Content::kept : BlockPool::Content::worthless);
  if (is_published && group.pool.references(block) == 0) ++group.cached;
}

void KvManager::release(SequenceKv& kv) {
  for (size_t g = 0; g < kv.tables_.size(); ++g) {
    SequenceKv::Table& table = kv.tables_[g];
    for (auto i = static_cast<int>(table.blocks.size()); i-- > table.first;) {
      release_block(groups_[g], table.blocks[static_cast<size_t>(i)]);
    }
  }
  kv.tables_.clear();
  kv.published_ = 0;
}

int KvManager::block_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.pool.block_count();
  return count;
}

int KvManager::used_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.pool.used_count();
  return count;
}

int KvManager::cached_count() const {
  int count = 0;
  for (const Group& group : groups_) count += group.cached;
  return count;
}

int KvManager::free_count() const {
  int count = groups_.front().pool.free_count();
  for (const Group& group : groups_) count = std::min(count, group.pool.free_count());
  return count;
}

void KvManager::check_integrity(std::span<const SequenceKv* const> sequences) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    group.pool.check_integrity();
    std::vector<int> references(static_cast<size_t>(group.spec.block_count));
    for (const SequenceKv* kv : sequences) {
      if (kv->is_empty()) continue;
      const SequenceKv::Table& table = kv->tables_[g];
      for (size_t i = 0; i < table.blocks.size(); ++i) {
        ESTOC_CHECK((table.blocks[i] == kNoBlock) == (static_cast<int>(i) < table.first));
        if (table.blocks[i] != kNoBlock) ++references[table.blocks[i]];
      }
    }
    int indexed = 0, cached = 0;
    for (BlockId block = 0; block < references.size(); ++block) {
      ESTOC_CHECK(group.pool.references(block) == references[block]);
      indexed += group.index.contains(block) ? 1 : 0;
      cached += group.index.contains(block) && references[block] == 0 ? 1 : 0;
    }
    ESTOC_CHECK(indexed == group.index.count() && cached == group.cached);
  }
}

}  // namespace estoc
