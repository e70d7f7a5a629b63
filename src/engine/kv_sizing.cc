#include "engine/kv_sizing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"

namespace estoc {
namespace {

static_assert(kBlockTokens == kKvBlockTokens, "the pool and the storage must speak of the same blocks");

constexpr uint64_t kBlocksMax = std::numeric_limits<int>::max() / kBlockTokens;

// Blocks that one sequence can use at once in a window's group.
int window_blocks(int window, const EngineConfig& config) {
  return blocks_for(window + kKvReadGrain + config.batch_tokens_max) + 2;
}

// Blocks of fixed states in a pool of `memory` bytes.
int state_count_for(const StateLayout& layout, const EngineConfig& config, uint64_t memory) {
  const uint64_t bytes = std::max<uint64_t>(1, layout.sequence_bytes());
  const uint64_t context =
      static_cast<uint64_t>(blocks_for(config.context)) * layout.position_block_bytes(config.kv_type);
  const uint64_t room = memory - std::min(context, memory / 2);
  return static_cast<int>(std::clamp<uint64_t>(
      room / bytes, kStatesMin, static_cast<uint64_t>(kStatesASequence) * static_cast<uint64_t>(config.sequences_max)));
}

// One of each, then as many more of each as there are more blocks.
void add_slots(const StateLayout& layout, const EngineConfig& config, std::vector<KvGroup>& groups) {
  if (config.swap_bytes == 0) return;
  const uint64_t one = least_swap_bytes(layout, config.kv_type);
  if (config.swap_bytes < one) {
    fail(ErrorCode::resource_exhausted,
         "the swap space of {} bytes is smaller than one block of every layer ({} bytes)", config.swap_bytes, one);
  }
  double pool = 0;  // bytes
  for (size_t g = 0; g < groups.size(); ++g) {
    pool += static_cast<double>(layout.block_bytes(static_cast<int>(g), config.kv_type)) * groups[g].block_count;
  }
  const double share = static_cast<double>(config.swap_bytes - one) / pool;
  for (KvGroup& group : groups) {
    group.slot_count = 1 + static_cast<int>(std::min(share * group.block_count, double{kBlocksMax - 1}));
  }
}

}  // namespace

uint64_t least_swap_bytes(const StateLayout& layout, KvType type) {
  uint64_t bytes = 0;
  for (int g = 0; g < layout.group_count(); ++g) bytes += layout.block_bytes(g, type);
  return bytes;
}

uint64_t least_state_bytes(const StateLayout& layout) { return kStatesMin * layout.sequence_bytes(); }

uint64_t state_bytes(const StateLayout& layout, int sequences_max) {
  return static_cast<uint64_t>(kStatesASequence) * static_cast<uint64_t>(sequences_max) * layout.sequence_bytes();
}

std::vector<KvGroup> kv_groups_for(const StateLayout& layout, const EngineConfig& config) {
  constexpr int kContexts = 4;
  const uint64_t block_bytes = std::max<uint64_t>(1, layout.position_block_bytes(config.kv_type));
  uint64_t memory = config.kv_bytes;
  if (memory == 0) {
    memory =
        state_bytes(layout, config.sequences_max) + static_cast<uint64_t>(std::min(config.sequences_max, kContexts)) *
                                                        static_cast<uint64_t>(blocks_for(config.context)) * block_bytes;
  }
  const int state_count = state_count_for(layout, config, memory);
  const uint64_t of_states = static_cast<uint64_t>(state_count) * layout.sequence_bytes();
  // A model of fixed states alone keeps nothing of positions.
  if (memory < of_states + layout.position_block_bytes(config.kv_type)) {
    fail(ErrorCode::resource_exhausted, "the KV cache of {} bytes is smaller than one block of {} tokens ({} bytes){}",
         memory, kBlockTokens, block_bytes,
         of_states == 0 ? std::string() : fmt::format(" and {} states ({} bytes)", state_count, of_states));
  }
  const auto even_count = static_cast<int>(std::min((memory - of_states) / block_bytes, kBlocksMax));
  uint64_t left = memory - of_states;
  std::vector<KvGroup> groups;
  for (const StateGroup& state : layout.groups()) {
    KvGroup& group = groups.emplace_back();
    group = {state.window, even_count, kKvReadGrain, config.batch_tokens_max, state.snapshot_every};
    if (state.is_fixed()) group.block_count = state_count;
    if (state.window == 0) continue;
    const int64_t usable = int64_t{window_blocks(state.window, config)} * config.sequences_max;
    if (layout.group_count() > 1) group.block_count = static_cast<int>(std::min<int64_t>(even_count, usable));
    left -= static_cast<uint64_t>(group.block_count) *
            layout.block_bytes(static_cast<int>(groups.size()) - 1, config.kv_type);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].window != 0 || groups[i].snapshot_every != 0) continue;
    const uint64_t bytes = std::max<uint64_t>(1, layout.block_bytes(static_cast<int>(i), config.kv_type));
    groups[i].block_count = static_cast<int>(std::min(left / bytes, kBlocksMax));
  }
  add_slots(layout, config, groups);
  return groups;
}

std::vector<int> block_counts(const std::vector<KvGroup>& groups) {
  std::vector<int> counts;
  for (const KvGroup& group : groups) counts.push_back(group.block_count);
  return counts;
}

std::vector<int> slot_counts(const std::vector<KvGroup>& groups) {
  std::vector<int> counts;
  for (const KvGroup& group : groups) counts.push_back(group.slot_count);
  if (counts.front() == 0) counts.clear();
  return counts;
}

int positions_max_for(const std::vector<KvGroup>& groups, const EngineConfig& config) {
  int positions = config.context;
  for (const KvGroup& group : groups) {
    if (group.snapshot_every > 0) continue;
    if (group.window > 0 && group.block_count >= window_blocks(group.window, config)) continue;
    positions = std::min(positions, group.block_count * kBlockTokens);
  }
  return positions;
}

}  // namespace estoc
