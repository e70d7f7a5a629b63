// What attention_decode_d64, _d128 and _d256 take (attention_decode.cu.h): one new position for each of some sequences.
// attention_decode_dD_window is for layers that see a window of positions or cap their scores, attention_decode_dD_int8
// for keys and values of 8 bits, with either or without.
//
// A head has D dimensions here; where the model's has fewer, those behind are zeros in queries, keys and values, and
// outputs leave without them.
//
// Each row's query, key and value come from the projection; heads are normed and rotated, key and value enter the pool
// at the row's position, and the query attends to all positions up to it, or as many as the window has. Grid (splits,
// rows * KV heads), attention_threads. A split takes a run of whole blocks of positions, and the split that finishes
// last merges all in their order: bits depend on the row's own sequence and the number of splits.
#pragma once

#include "gpu/source/kv_tile.h"
#include "gpu/source/token_tile.h"
#include "gpu/source/weights_ahead.h"

namespace estoc::gpu {

// Of a block: eight warps' outputs of wide heads would not fit shared memory.
constexpr int attention_threads(int head_dim) { return head_dim > 128 ? 128 : 256; }
inline constexpr int kAttentionSplitsMax = 64;
inline constexpr int kAttentionGroupMax = 8;  // query heads of a KV head

// Splits of a context: each warp has a block of positions, and two blocks of threads a multiprocessor suffice.
constexpr int attention_splits(int positions, int rows, int kv_heads, int multiprocessors, int head_dim) {
  const int blocks = (positions + kKvPositions - 1) / kKvPositions, warps = attention_threads(head_dim) / 32;
  const int by_context = (blocks + warps - 1) / warps, by_card = 2 * multiprocessors / (rows * kv_heads);
  const int splits = by_context < by_card ? by_context : by_card;
  return splits < 1 ? 1 : splits > kAttentionSplitsMax ? kAttentionSplitsMax : splits;
}

// What follows the head's dimensions in the kernel's name.
constexpr const char* attention_decode_suffix(KvForm form, bool has_window_or_cap) {
  return form == KvForm::int8 ? "_int8" : has_window_or_cap ? "_window" : "";
}

// Positions of the blocks that a row sees, of a sequence of so many: what attention_splits wants, and tables have.
constexpr int attention_reach(int positions, int window) {
  const int seen = window > 0 ? (window + 2 * kKvPositions - 2) / kKvPositions * kKvPositions : positions;
  return seen < positions ? seen : positions;
}
// The first block of positions that a row sees.
constexpr int attention_first_block(int position, int window) {
  return window > 0 && position >= window ? (position - window + 1) / kKvPositions : 0;
}

// Splits of all rows and KV heads together are no more than this, or one each.
constexpr int attention_parts_max(int multiprocessors) { return 2 * multiprocessors; }

// What a split leaves for the merge: outputs, maxima and sums of the `group` query heads.
constexpr int attention_partial_floats(int group, int head_dim) { return (group * (head_dim + 2) + 3) / 4 * 4; }

struct AttentionArguments {
  const float* qkv;         // [row][(heads + 2 KV heads) * D], qkv_stride floats apart
  const float* query_norm;  // [D] or null
  const float* key_norm;    // [D] or null
  const float* rotations;   // [position][D / 2]{cosine, sine}
  // Written before any launch that this one may overlap:
  const int* positions;  // [row]
  const u32* tables;     // [row][table_stride] block ids, from attention_first_block on
  KvLayer kv;            // so are all positions in it but the new one
  u16* output;           // bf16 [row][heads * width], or token tiles of it
  float* partial;        // [row][KV head][split] of attention_partial_floats, 16-byte aligned; not needed for one split
  u32* arrived;          // [row][KV head], zero before and after
  int table_stride;
  int qkv_stride;
  int heads;
  int width;          // dimensions of the model's heads, a multiple of 4 up to D
  int output_tiles;   // columns of token tiles, 0 for rows
  ColumnOrder order;  // of token tiles
  float epsilon;
  float scale;         // of scores, usually 1 / sqrt(width)
  int window;          // positions that a row sees, its own included; 0 for all
  WeightsAhead ahead;  // asked for by the blocks of row 0
  // Bytes from this layer's keys to those of the next, which are asked for as well; 0 where that is too much for the
  // L2.
  long next_layer;
  const float* sinks = nullptr;  // [heads]: logits that only add to the sum of a head's weights; null for none
  const float* gate = nullptr;   // [row][heads * width], qkv_stride apart: outputs times its sigmoid; null for none
  float softcap = 0;             // c: scores become c tanh(score / c); 0 for none
  float value_epsilon = 0;       // above 0: of an RMS norm of each head of values
};

}  // namespace estoc::gpu
