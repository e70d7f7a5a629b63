// How many KV blocks an engine reserves at start. Pure functions.
#pragma once

#include <vector>

#include "engine/engine.h"
#include "tensor/kv_storage.h"

namespace estoc {

// Blocks of the pool for a model with these layers:
//
//   block bytes = sum over layers of 2 (keys and values) * kv_heads * 16 positions * head_dim * bytes of kv_type,
//                 with head_dim rounded up to 16, and for int8 4 bytes of scale a position
//   kv_bytes given:  floor(kv_bytes / block bytes)
//   kv_bytes 0:      min(sequences_max, 4) * ceil(context / 16)
//
// For example 30 layers of 3 heads of 64 in f16 make blocks of 368,640 bytes; four contexts of 4096 are 1024 blocks,
// 378 MB. Memory that is never written is never resident, so the default costs little until it is used.
// Throws Error{resource_exhausted} when kv_bytes holds no block.
int kv_blocks_for(const std::vector<KvLayerSpec>& layers, const EngineConfig& config);

// Positions one sequence may reach: the context, or the whole pool when that is smaller.
int positions_max_for(int kv_blocks, const EngineConfig& config);

}  // namespace estoc
