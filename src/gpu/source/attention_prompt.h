// What attention of prompts takes: kernels attention_prompt_64, _128 and _256, by head dimension; heads with fewer have
// zeros behind them, and outputs leave without those. The same names stand for warpgroup products
// (attention_prompt.cu.h) in the image of Hopper and for products of warps (attention_prompt_mma.cu.h) in all others;
// the emulator has those as attention_prompt_mma_...
//
// Heads of 256, and capped scores (attention_prompt_D_capped for others), are products of warps everywhere: a warpgroup
// has no registers for them.
//
// Grid: attention_prompt_blocks of attention_prompt_threads; attention_prompt_shared_bytes of dynamic shared memory. A
// block takes tile after tile, to and fro through the list: where the longest come first, all blocks get about as much.
#pragma once

#include "gpu/source/kv_tile.h"
#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kAttentionPromptThreads = 384;     // of warpgroup products
inline constexpr int kAttentionPromptMmaThreads = 256;  // of products of warps
constexpr bool attention_prompt_has_wgmma(int head_dim, bool is_capped, int capability) {
  return has_wgmma(capability) && head_dim <= 128 && !is_capped;
}
constexpr int attention_prompt_threads(int head_dim, bool is_capped, int capability) {
  return attention_prompt_has_wgmma(head_dim, is_capped, capability) ? kAttentionPromptThreads
                                                                     : kAttentionPromptMmaThreads;
}
// What follows the head's dimensions in the kernel's name.
constexpr const char* attention_prompt_suffix(int head_dim, bool is_capped) {
  return is_capped && head_dim <= 128 ? "_capped" : "";
}
inline constexpr int kAttentionPromptRows = 128;  // query heads of a KV head times consecutive tokens

// The tokens of one sequence that a block of threads takes, for one KV head.
struct AttentionPromptTile {
  int token;     // row of the batch
  int tokens;    // at most kAttentionPromptRows / group
  int position;  // of the first token; the sequence's keys up to its last token are in the pool
  int table;     // where the sequence's block ids begin in `tables`
  int head;      // KV head
};

struct AttentionPromptArguments {
  const u16* query;  // bf16 [token][heads][D], rotated
  KvLayer kv;        // (kv_tile.h); all of every block named in `tables` must be finite
  const u32* tables;
  const AttentionPromptTile* tiles;
  u8* output;         // token tiles of heads * width columns
  ColumnOrder order;  // of `output`
  int heads, group;   // query heads in all, and of one KV head (group divides kAttentionPromptRows)
  int width;          // dimensions of the model's heads, a multiple of 4 up to D
  int window;         // positions that a row sees, its own included; 0 for all
  float scale;        // of scores
  int tile_count;
  const float* sinks;  // [heads]: logits that only add to the sum of a head's weights; null for none
  const float* gate;   // [token][heads * width], gate_stride apart: outputs times its sigmoid; null for none
  int gate_stride;
  float softcap;  // c: scores become c tanh(score / c); 0 for none
};
constexpr int attention_prompt_blocks(int tiles, int multiprocessors) {
  return tiles < multiprocessors ? tiles : multiprocessors;
}

inline constexpr int kAttentionPromptStage = 128;  // positions
inline constexpr int kAttentionPromptStages = 3;
// The first block of positions that is looked up for a row: of the first stage that has some position of its window.
constexpr int attention_prompt_first_block(int position, int window) {
  const int begin = window > 0 && position >= window ? position - window + 1 : 0;
  return begin / kAttentionPromptStage * (kAttentionPromptStage / kKvPositions);
}
// Codes of one stage's keys, or of its values.
constexpr int attention_codes_bytes(int head_dim) {
  return kAttentionPromptStage / kKvPositions * kv_tile_bytes(KvForm::int8, head_dim);
}
constexpr int attention_prompt_shared_bytes(KvForm form, int head_dim, bool is_capped, int capability) {
  if (!attention_prompt_has_wgmma(head_dim, is_capped, capability)) return 0;
  return kAttentionPromptStages * kAttentionPromptStage * head_dim * 4 +
         (form == KvForm::int8 ? 2 * attention_codes_bytes(head_dim) : 0);
}

}  // namespace estoc::gpu
