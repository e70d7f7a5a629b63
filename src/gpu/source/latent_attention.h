// What latent attention takes in its absorbed form (latent_attention.cu.h): what is kept of a position is one vector,
// [normed latent | turned key], which all heads share as key and, in its first part, as value. A head's query q meets
// latents as K^T q, and its answer is V times the weighted sum of latents; K and V are matrices of its own. For one new
// row of each of some sequences and for prompts alike; between the projections before and behind it there are:
//
//   latent_rows        norm of a row's compressed query, which becomes bf16; what is kept of the row enters the pool.
//                      Grid: rows
//   a product          queries of all heads, where they were compressed
//   and of up to kLatentRows rows at once:
//   latent_queries     queries become token tiles, those of a head one behind the other (latent_place), and their
//   turned
//                      parts bf16. Grid: heads by rows
//   gemm_experts_..    K^T q: every tile of tokens meets its head's matrix (gemm.h)
//   latent_attention   Grid: splits by rows * latent_groups
//   gemm_experts_..    V times the answers
//   latent_outputs     these as bf16 rows or token tiles. Grid: rows
//
// A position lies in the pool as a tile of bf16 keys does, of latent_kept dimensions (kv_tile.h). The split that
// finishes last merges all in their order: bits depend on the row's own sequence and the number of splits.
#pragma once

#include "gpu/source/kv_tile.h"
#include "gpu/source/token_tile.h"

namespace estoc::gpu {

inline constexpr int kLatentRows = 256;
inline constexpr int kLatentThreads = 256;
inline constexpr int kLatentHeads = 16;      // of a block of latent_attention
inline constexpr int kLatentStage = 64;      // positions that a block takes at once
inline constexpr int kLatentDimMax = 512;    // a multiple of 64
inline constexpr int kLatentTurnedMax = 64;  // a multiple of 32
inline constexpr int kLatentSplitsMax = 64;

struct LatentShape {
  int heads;
  int query_rank;  // what queries are compressed to; 0: they are not
  int latent_dim, turned_dim;
  int key_dim, value_dim;  // of a head, without what turns
};
constexpr int latent_kept(const LatentShape& s) { return s.latent_dim + s.turned_dim; }
constexpr int latent_query_dim(const LatentShape& s) { return s.key_dim + s.turned_dim; }
// Columns of the projections' results: queries or what they are compressed to, then latent and key.
constexpr int latent_query_columns(const LatentShape& s) {
  return s.query_rank > 0 ? s.query_rank : s.heads * latent_query_dim(s);
}
constexpr int latent_groups(const LatentShape& s) { return (s.heads + kLatentHeads - 1) / kLatentHeads; }
constexpr int latent_block_bytes(const LatentShape& s) { return kv_code_bytes(KvForm::bf16, latent_kept(s)); }

// Whole tiles of tokens for each head; where a head's row is among them.
constexpr int latent_room(int rows) { return (rows + kTokenTile - 1) / kTokenTile * kTokenTile; }
constexpr int latent_place(int head, int row, int rows) { return head * latent_room(rows) + row; }

// Splits of a context, as many as the card has blocks for.
constexpr int latent_splits(const LatentShape& s, int positions, int rows, int multiprocessors) {
  const int by_context = (positions + kLatentStage - 1) / kLatentStage;
  const int by_card = 2 * multiprocessors / (rows * latent_groups(s));
  const int splits = by_context < by_card ? by_context : by_card;
  return splits < 1 ? 1 : splits > kLatentSplitsMax ? kLatentSplitsMax : splits;
}
// What a split leaves for the merge: outputs, maxima and sums. More splits than this in all there are only where each
// row and group has one.
constexpr int latent_partial_floats(const LatentShape& s) { return kLatentHeads * (s.latent_dim + 2); }
constexpr int latent_parts_max(int multiprocessors) { return 2 * multiprocessors; }

// Where positions of a row are kept.
struct LatentRows {
  u8* pool;           // this layer's part of block 0
  long block_stride;  // bytes
  const u32* tables;
  const int* table_starts;  // [row] where its sequence's ids begin; null: table_stride apart
  int table_stride;
  const int* positions;    // [row]
  const float* rotations;  // [position][turned_dim / 2]{cosine, sine}
  int is_interleaved;      // pairs that turn together stand side by side, else turned_dim / 2 apart
};

struct LatentRowsArguments {
  LatentRows rows;
  LatentShape shape;
  const float* inputs;  // [row][query columns, latent, key], input_stride floats apart
  int input_stride;
  const float* query_norm;  // [query_rank]
  const float* latent_norm;
  float epsilon;
  TokenRows queries;  // [row][query_rank]; not written where that is 0
};

struct LatentQueriesArguments {
  LatentRows rows;
  LatentShape shape;
  const float* queries;  // [row][heads][key_dim, turned_dim], query_stride floats apart
  int query_stride;
  int first, count;  // of the rows at once
  float growth;      // queries times 1 + growth ln(1 + position / period), a whole number of these
  int period;
  TokenRows keyed;  // token tiles of [place][key_dim]
  u16* turned;      // bf16 [row of these][heads][turned_dim]
  int* tile_heads;  // [tile of places]
  int* tile_count;
};

struct LatentAttentionArguments {
  LatentRows rows;
  LatentShape shape;
  const float* absorbed;  // [place][latent_dim]
  const u16* turned;
  int first, count;
  float scale;
  TokenRows output;  // token tiles of [place][latent_dim]
  float* partial;    // [row * group][split] of latent_partial_floats; not needed for one split
  u32* arrived;      // [row * group], zero before and after
};

struct LatentOutputsArguments {
  LatentShape shape;
  const float* answers;  // [place][value_dim]
  int first, count;
  TokenRows output;  // [row][heads * value_dim]
};

}  // namespace estoc::gpu
