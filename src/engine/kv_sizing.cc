#include "engine/kv_sizing.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace estoc {
namespace {

static_assert(kBlockTokens == kKvBlockTokens, "the pool and the storage must speak of the same blocks");

uint64_t group_block_bytes(const std::vector<KvLayerSpec>& layers, int window, KvType type) {
  std::vector<KvLayerSpec> own;
  for (const KvLayerSpec& layer : layers) {
    if (layer.window == window) own.push_back(layer);
  }
  return KvStorage::bytes_per_block(own, type);
}

// Blocks that one sequence can use at once in a window's group.
int window_blocks(int window, const EngineConfig& config) {
  return blocks_for(window + kKvReadGrain + config.batch_tokens_max) + 2;
}

}  // namespace

std::vector<KvGroup> kv_groups_for(const std::vector<KvLayerSpec>& layers, const EngineConfig& config) {
  constexpr int kContexts = 4;
  constexpr uint64_t kBlocksMax = std::numeric_limits<int>::max() / kBlockTokens;
  const uint64_t block_bytes = std::max<uint64_t>(1, KvStorage::bytes_per_block(layers, config.kv_type));
  uint64_t memory = config.kv_bytes;
  if (memory == 0) {
    memory = static_cast<uint64_t>(std::min(config.sequences_max, kContexts)) *
             static_cast<uint64_t>(blocks_for(config.context)) * block_bytes;
  }
  if (memory < block_bytes) {
    fail(ErrorCode::resource_exhausted, "the KV cache of {} bytes is smaller than one block of {} tokens ({} bytes)",
         memory, kBlockTokens, block_bytes);
  }
  const std::vector<int> windows = kv_windows(layers);
  const auto even_count = static_cast<int>(std::min(memory / block_bytes, kBlocksMax));
  uint64_t left = memory;
  std::vector<KvGroup> groups;
  for (const int window : windows) {
    KvGroup& group = groups.emplace_back();
    group = {window, even_count, kKvReadGrain, config.batch_tokens_max};
    if (window == 0) continue;
    const int64_t usable = int64_t{window_blocks(window, config)} * config.sequences_max;
    if (windows.size() > 1) group.block_count = static_cast<int>(std::min<int64_t>(even_count, usable));
    left -= static_cast<uint64_t>(group.block_count) * group_block_bytes(layers, window, config.kv_type);
  }
  for (KvGroup& group : groups) {
    if (group.window != 0) continue;
    const uint64_t bytes = std::max<uint64_t>(1, group_block_bytes(layers, 0, config.kv_type));
    group.block_count = static_cast<int>(std::min(left / bytes, kBlocksMax));
  }
  return groups;
}

std::vector<int> block_counts(const std::vector<KvGroup>& groups) {
  std::vector<int> counts;
  for (const KvGroup& group : groups) counts.push_back(group.block_count);
  return counts;
}

int positions_max_for(const std::vector<KvGroup>& groups, const EngineConfig& config) {
  int positions = config.context;
  for (const KvGroup& group : groups) {
    if (group.window > 0 && group.block_count >= window_blocks(group.window, config)) continue;
    positions = std::min(positions, group.block_count * kBlockTokens);
  }
  return positions;
}

}  // namespace estoc
