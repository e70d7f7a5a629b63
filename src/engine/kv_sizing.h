// How many KV blocks an engine reserves at start. Pure functions.
#pragma once

#include <vector>

#include "engine/engine_config.h"
#include "kv/kv_manager.h"
#include "tensor/state_layout.h"

namespace estoc {

// Blocks of a group of fixed states for each sequence that may run at once: its own, and copies for the prefix cache.
inline constexpr int kStatesASequence = 4;
// The least that one sequence can run with: where it goes on from, and what it writes.
inline constexpr int kStatesMin = 2;

// Bytes of the fixed states that `sequences_max` sequences have a use for, and of the least.
uint64_t state_bytes(const StateLayout& layout, int sequences_max);
uint64_t least_state_bytes(const StateLayout& layout);

// Of the smallest swap space: a slot of every group.
uint64_t least_swap_bytes(const StateLayout& layout, KvType type);

// Groups of layers and their blocks for a model of this layout, in its order:
//
//   block bytes = sum over a group's layers of 2 (keys and values) * kv_heads * 16 positions * head_dim * bytes of
//                 kv_type, with head_dim rounded up to 16, and for int8 4 bytes of scale a position
//   memory      = kv_bytes, or when that is 0 min(sequences_max, 4) * ceil(context / 16) blocks of all groups
//   a window's group: as many blocks as all sequences can use at once,
//                 sequences_max * (ceil((window + 256 + batch_tokens_max) / 16) + 2), if they are fewer than in
//                 memory / sum of all groups' block bytes
//   fixed states: kStatesASequence blocks a sequence that may run, but no more than there is room for beside one
//                 context or half the memory, whichever is less; where they are fewer than sequences, these wait
//   full attention: what is left of the memory, divided by its block bytes
//   slots of the swap space: one a group, then as many of swap_bytes as it has of the memory
//
// For example 30 layers of 3 heads of 64 in f16 make blocks of 368,640 bytes; four contexts of 4096 are 1024 blocks,
// 378 MB. Memory that is never written is never resident.
// Throws Error{resource_exhausted} when the memory holds no block, or there is a swap space that is less than
// least_swap_bytes.
std::vector<KvGroup> kv_groups_for(const StateLayout& layout, const EngineConfig& config);
std::vector<int> block_counts(const std::vector<KvGroup>& groups);
// [groups]; empty without a swap space.
std::vector<int> slot_counts(const std::vector<KvGroup>& groups);

// Positions one sequence may reach: the context, or what the smallest pool holds.
int positions_max_for(const std::vector<KvGroup>& groups, const EngineConfig& config);

}  // namespace estoc
