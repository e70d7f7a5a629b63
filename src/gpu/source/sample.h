// What sample_tiles and sample_rows take (sample.cu.h): a token for each row of logits, chosen as sampling/sampler.h
// does for a row without penalties, bias and mask, in two launches.
//
// The cuts are the same and in the same order (min_p, top_k, top_p; equal logits by ascending id), and so is the draw
// of a seed's number, but weights are other roundings of the same numbers: a draw or a share of mass that falls on the
// border of two tokens to about 1e-6 may fall to the other one. Tokens below 2^-40 of the likeliest are never drawn.
// Masses are whole numbers of 2^-40 of the likeliest token's, so a row's token depends on nothing but the row.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kSampleTile = 512;  // columns whose maximum and mass are kept
inline constexpr int kSampleTilesMax = 512;
inline constexpr int kSampleColumnsMax = kSampleTile * kSampleTilesMax;
inline constexpr int kSampleTilesThreads = 256;  // sample_tiles: grid (sample_tiles_blocks, rows)
inline constexpr int kSampleThreads = 512;       // sample_rows: grid (rows)
inline constexpr u32 kNoToken = 0xffffffffu;     // no logit was above -inf

struct SampleTile {
  float max, sum;  // of exp((x - max) / temperature)
};

struct SampleRow {
  float scale;         // 1 / temperature; 0: the likeliest token
  float top_p;         // 1 or more: no cut
  float min_p_offset;  // temperature * ln(min_p): how far from the largest logit a token may be; -infinity: no cut
  int top_k;           // 0: no cut
  u64 seed, position;  // the draw is number `position` of the seed (sampling/counter_rng.h)
  u32 is_skipped;      // not 0: the row's token is left as it is
};

struct SampleArguments {
  const float* logits;    // [row][columns]
  const SampleRow* rows;  // [row]
  SampleTile* tiles;      // [row][sample_tile_count]
  u32* tokens;            // [row]
  int columns;            // at most kSampleColumnsMax
};

constexpr int sample_tile_count(int columns) { return (columns + kSampleTile - 1) / kSampleTile; }
constexpr int sample_tiles_blocks(int columns) {
  return (sample_tile_count(columns) + kSampleTilesThreads / 32 - 1) / (kSampleTilesThreads / 32);
}

}  // namespace estoc::gpu
