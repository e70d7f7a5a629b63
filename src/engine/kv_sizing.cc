#include "engine/kv_sizing.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "kv/block_pool.h"

namespace estoc {

static_assert(kBlockTokens == kKvBlockTokens, "the pool and the storage must speak of the same blocks");

int kv_blocks_for(const std::vector<KvLayerSpec>& layers, const EngineConfig& config) {
  constexpr int kContexts = 4;
  constexpr uint64_t kBlocksMax = std::numeric_limits<int>::max() / kBlockTokens;
  uint64_t blocks = static_cast<uint64_t>(std::min(config.sequences_max, kContexts)) *
                    static_cast<uint64_t>(blocks_for(config.context));
  if (config.kv_bytes > 0) {
    const uint64_t block_bytes = std::max<uint64_t>(1, KvStorage::bytes_per_block(layers, config.kv_type));
    blocks = config.kv_bytes / block_bytes;
    if (blocks == 0) {
      fail(ErrorCode::resource_exhausted, "the KV cache of {} bytes is smaller than one block of {} tokens ({} bytes)",
           config.kv_bytes, kBlockTokens, block_bytes);
    }
  }
  return static_cast<int>(std::min(blocks, kBlocksMax));
}

int positions_max_for(int kv_blocks, const EngineConfig& config) {
  return std::min(config.context, kv_blocks * kBlockTokens);
}

}  // namespace estoc
