// Latent attention in its absorbed form (latent_attention.h).
//
// A block has 16 heads of a row. Scores of 64 positions are a product with heads on the 16-row side, eight positions a
// warp; their weights go through shared memory to the other product, in which every warp has a share of the latent's
// dimensions and turns positions for it by the warp's 8 x 8 transposition. Both read the pool, the second time from the
// L1.
#pragma once

#include "gpu/source/causal_conv.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/latent_attention.h"
#include "gpu/source/row_sum.cu.h"

namespace estoc::gpu {

DEVICE const u32* latent_table(const LatentRows& rows, int row) {
  return rows.tables +
         (rows.table_starts != nullptr ? rows.table_starts[row] : static_cast<long>(row) * rows.table_stride);
}

// Pair `i` of a part that turns, from where it is projected.
struct LatentPair {
  float low, high;
};
DEVICE LatentPair turn_pair(const LatentRows& rows, const float* from, int dim, int position, int i) {
  const float* const rotation = rows.rotations + static_cast<long>(position) * dim + 2 * i;
  const float low = from[rows.is_interleaved != 0 ? 2 * i : i],
              high = from[rows.is_interleaved != 0 ? 2 * i + 1 : i + dim / 2];
  return {low * rotation[0] - high * rotation[1], high * rotation[0] + low * rotation[1]};
}

DEVICE u16 half_of(float x) { return static_cast<u16>(pack_bf16x2(x, 0)); }

DEVICE float latent_factor(const float* values, int count, float epsilon, float (&sums)[kLatentThreads / kWarp]) {
  float squares = 0;
  for (int i = thread_index(); i < count; i += kLatentThreads) squares += values[i] * values[i];
  return rsqrt_fast(row_sum<kLatentThreads>(squares, sums) / static_cast<float>(count) + epsilon);
}

KERNEL(kLatentThreads, 1, latent_rows, (LatentRowsArguments a)) {
  SHARED(sums, float[kLatentThreads / kWarp]);
  grid_release();
  grid_wait();
  const LatentShape& s = a.shape;
  const int row = block_index(), thread = thread_index(), position = a.rows.positions[row], kept = latent_kept(s);
  const float* const queries = a.inputs + static_cast<long>(row) * a.input_stride;
  const float* const latent = queries + latent_query_columns(s);
  if (s.query_rank > 0) {
    const float factor = latent_factor(queries, s.query_rank, a.epsilon, sums);
    for (int i = thread; i < s.query_rank; i += kLatentThreads) {
      store_half(a.queries, row, i, queries[i] * factor * a.query_norm[i]);
    }
  }
  const float factor = latent_factor(latent, s.latent_dim, a.epsilon, sums);
  u8* const tile =
      a.rows.pool + latent_table(a.rows, row)[position / kKvPositions] * static_cast<long>(a.rows.block_stride);
  const auto keep = [&](int dimension, float x) INLINE {
    *reinterpret_cast<u16*>(tile + kv_byte(KvForm::bf16, kept, position % kKvPositions, dimension)) = half_of(x);
  };
  for (int i = thread; i < s.latent_dim; i += kLatentThreads) keep(i, latent[i] * factor * a.latent_norm[i]);
  for (int i = thread; i < s.turned_dim / 2; i += kLatentThreads) {
    const LatentPair pair = turn_pair(a.rows, latent + s.latent_dim, s.turned_dim, position, i);
    keep(s.latent_dim + i, pair.low);
    keep(s.latent_dim + s.turned_dim / 2 + i, pair.high);
  }
}

KERNEL(kLatentThreads, 1, latent_queries, (LatentQueriesArguments a)) {
  grid_release();
  grid_wait();
  const LatentShape& s = a.shape;
  const int head = block_index(), r = block_index_y(), row = a.first + r, position = a.rows.positions[row];
  const int room = latent_room(a.count), tiles = room / kTokenTile;
  if (thread_index() == 0) {
    if (r % kTokenTile == 0) a.tile_heads[head * tiles + r / kTokenTile] = head;
    if (head == 0 && r == 0) *a.tile_count = s.heads * tiles;
  }
  const float* const query = a.queries + static_cast<long>(row) * a.query_stride + head * latent_query_dim(s);
  const auto periods = static_cast<float>(position / a.period);
  const float grown = a.growth != 0 ? 1 + a.growth * log2_fast(1 + periods) * kLn2 : 1;
  for (int i = thread_index(); i < s.key_dim; i += kLatentThreads) {
    store_half(a.keyed, latent_place(head, r, a.count), i, query[i] * grown);
  }
  u16* const turned = a.turned + (static_cast<long>(r) * s.heads + head) * s.turned_dim;
  for (int i = thread_index(); i < s.turned_dim / 2; i += kLatentThreads) {
    const LatentPair pair = turn_pair(a.rows, query + s.key_dim, s.turned_dim, position, i);
    turned[i] = half_of(pair.low * grown);
    turned[s.turned_dim / 2 + i] = half_of(pair.high * grown);
  }
}

inline constexpr int kLatentKeptMax = kLatentDimMax + kLatentTurnedMax;
inline constexpr int kLatentWarps = kLatentThreads / kWarp;
inline constexpr int kLatentTiles = kLatentDimMax / 8 / kLatentWarps;  // of 8 dimensions, of a warp
inline constexpr float kLatentMasked = -1e30f;

struct LatentShared {
  alignas(16) u16 queries[kLatentHeads][kLatentKeptMax + 8];  // rows in other banks
  float scores[kLatentHeads][kLatentStage + 4];
  u32 weights[kLatentHeads][kLatentStage / 2 + 4];  // pairs of bf16
  float shrink[kLatentHeads], maximum[kLatentHeads], sum[kLatentHeads];
  u32 is_last;
};

// Queries of the block's heads; zeros for heads that there are not.
DEVICE void load_latent_queries(LatentShared& shared, const LatentAttentionArguments& a, int r, int head) {
  const LatentShape& s = a.shape;
  const int kept = latent_kept(s);
  for (int h = 0; h < kLatentHeads; ++h) {
    const bool is_there = head + h < s.heads;
    const float* const absorbed = a.absorbed + static_cast<long>(latent_place(head + h, r, a.count)) * s.latent_dim;
    const u16* const turned = a.turned + (static_cast<long>(r) * s.heads + head + h) * s.turned_dim - s.latent_dim;
    for (int i = thread_index(); i < kept; i += kLatentThreads) {
      shared.queries[h][i] = !is_there ? static_cast<u16>(0) : i < s.latent_dim ? half_of(absorbed[i]) : turned[i];
    }
  }
}

// Scores of 16 heads with the eight positions that lie as `half` of a block; nothing where that is not there.
DEVICE void latent_scores(LatentShared& shared, const u8* half, int kept, int column, int lane) {
  constexpr int kTogether = 6;  // chunks of 8 dimensions of a lane that are on their way
  const int g = lane / 4, t = lane % 4, fours = kept / 32;
  float score[4] = {};
  for (int first = 0; first < fours; first += kTogether) {
    Words4 keys[kTogether];
    UNROLL
    for (int k = 0; k < kTogether; ++k) {
      const bool is_there = half != nullptr && first + k < fours;
      if (is_there) keys[k] = *reinterpret_cast<const Words4*>(half + ((first + k) * 4 + t) * 128 + g * 16);
      if (!is_there) keys[k] = {0, 0, 0, 0};
    }
    UNROLL
    for (int k = 0; k < kTogether; ++k) {
      if (first + k >= fours) break;
      const int at = ((first + k) * 4 + t) * 8;
      const Words4 low = *reinterpret_cast<const Words4*>(&shared.queries[g][at]);
      const Words4 high = *reinterpret_cast<const Words4*>(&shared.queries[g + 8][at]);
      UNROLL
      for (int step = 0; step < 2; ++step) {
        const u32 fragment[4] = {low.v[2 * step], high.v[2 * step], low.v[2 * step + 1], high.v[2 * step + 1]};
        mma_bf16(score, fragment, keys[k].v[2 * step], keys[k].v[2 * step + 1]);
      }
    }
  }
  UNROLL
  for (int e = 0; e < 4; ++e) shared.scores[g + e / 2 * 8][column + 2 * t + e % 2] = score[e];
}

// A head's running softmax, in the 16 threads that have it.
struct LatentSoftmax {
  float maximum = kLatentMasked, sum = 0;
};
DEVICE void latent_weights(LatentShared& shared, LatentSoftmax& state, float scale, int end) {
  const int head = thread_index() / 16, own = thread_index() % 16 * 4;
  float score[4], maximum = state.maximum;
  UNROLL
  for (int i = 0; i < 4; ++i) {
    score[i] = own + i < end ? shared.scores[head][own + i] * scale : kLatentMasked;
    maximum = score[i] > maximum ? score[i] : maximum;
  }
  UNROLL
  for (int mask = 1; mask < 16; mask <<= 1) {
    const float other = shuffle_xor(maximum, mask);
    maximum = other > maximum ? other : maximum;
  }
  const float shrink = exp2_fast(state.maximum - maximum);
  state.maximum = maximum;
  state.sum *= shrink;
  UNROLL
  for (int i = 0; i < 4; ++i) {
    score[i] = own + i < end ? exp2_fast(score[i] - maximum) : 0;
    state.sum += score[i];
  }
  shared.weights[head][own / 2] = pack_bf16x2(score[0], score[1]);
  shared.weights[head][own / 2 + 1] = pack_bf16x2(score[2], score[3]);
  if (own == 0) shared.shrink[head] = shrink;
}

// Two neighbours of a position's dimensions in lane 4 g + t: zero for positions that nobody has written, because a
// weight of zero times whatever is there may be NaN.
DEVICE u32 latent_word(const u8* block, int kept, int half, int chunk, int end, int lane) {
  const bool is_there = half * 8 + lane / 4 < end;
  return is_there ? *reinterpret_cast<const u32*>(block + half * kept * 16 + chunk * 128 + lane * 4) : 0;
}

// Splits of one row and group become one, and that leaves.
DEVICE void merge_latent_splits(const LatentAttentionArguments& a, const float* partial, int splits, int r, int head) {
  const int dim = a.shape.latent_dim, size = latent_partial_floats(a.shape);
  for (int pair = thread_index(); pair < kLatentHeads * dim / 2; pair += kLatentThreads) {
    const int h = pair / (dim / 2);
    if (head + h >= a.shape.heads) break;
    const float* const maxima = partial + kLatentHeads * dim + h;
    float maximum = kLatentMasked, sum = 0, low = 0, high = 0;
    for (int split = 0; split < splits; ++split) {
      const float own = maxima[static_cast<long>(split) * size];
      maximum = own > maximum ? own : maximum;
    }
    for (int split = 0; split < splits; ++split) {
      const long at = static_cast<long>(split) * size;
      const float factor = exp2_fast(maxima[at] - maximum);
      sum += factor * maxima[at + kLatentHeads];
      low += factor * partial[at + 2 * pair];
      high += factor * partial[at + 2 * pair + 1];
    }
    const long offset = token_pair_offset(a.output, latent_place(head + h, r, a.count), pair % (dim / 2));
    *reinterpret_cast<u32*>(reinterpret_cast<u8*>(a.output.to) + offset) = pack_bf16x2(low / sum, high / sum);
  }
}

KERNEL(kLatentThreads, 1, latent_attention, (LatentAttentionArguments a)) {
  SHARED(shared, LatentShared);
  grid_release();
  grid_wait();
  const LatentShape& s = a.shape;
  const int groups = latent_groups(s), r = block_index_y() / groups, head = block_index_y() % groups * kLatentHeads;
  const int row = a.first + r, kept = latent_kept(s), positions = a.rows.positions[row] + 1;
  const int thread = thread_index(), warp = thread / kWarp, lane = thread % kWarp, g = lane / 4, t = lane % 4;
  const int stages = (positions + kLatentStage - 1) / kLatentStage;
  const int each = (stages + grid_blocks() - 1) / grid_blocks(), splits = (stages + each - 1) / each;
  const int begin = block_index() * each, end = begin + each < stages ? begin + each : stages;
  if (begin >= end) return;
  const u32* const table = latent_table(a.rows, row);
  const int tiles = s.latent_dim / 8 / kLatentWarps;  // of this warp
  load_latent_queries(shared, a, r, head);
  sync_block();
  LatentSoftmax state;
  float output[kLatentTiles][4];
  UNROLL
  for (int tile = 0; tile < kLatentTiles; ++tile) {
    UNROLL
    for (int e = 0; e < 4; ++e) output[tile][e] = 0;
  }
  for (int stage = begin; stage < end; ++stage) {
    const int left = positions - stage * kLatentStage;  // from the stage's first on
    const u32* const ids = table + stage * (kLatentStage / kKvPositions);
    const int in_stage = warp / 2 * kKvPositions;
    const u8* const half = in_stage + warp % 2 * 8 < left
                               ? a.rows.pool + ids[warp / 2] * a.rows.block_stride + warp % 2 * kept * 16
                               : nullptr;
    latent_scores(shared, half, kept, warp * 8, lane);
    sync_block();
    latent_weights(shared, state, a.scale * kLog2E, left);
    sync_block();
    const float shrink_low = shared.shrink[g], shrink_high = shared.shrink[g + 8];
    UNROLL
    for (int tile = 0; tile < kLatentTiles; ++tile) {
      UNROLL
      for (int e = 0; e < 4; ++e) output[tile][e] *= e < 2 ? shrink_low : shrink_high;
    }
    for (int block = 0; block < kLatentStage / kKvPositions && block * kKvPositions < left; ++block) {
      const u8* const at = a.rows.pool + ids[block] * a.rows.block_stride;
      const int own_end = left - block * kKvPositions, word = block * 8 + t;
      const u32 weights[4] = {shared.weights[g][word], shared.weights[g + 8][word], shared.weights[g][word + 4],
                              shared.weights[g + 8][word + 4]};
      u32 words[kLatentTiles][2];
      UNROLL
      for (int tile = 0; tile < kLatentTiles; ++tile) {
        UNROLL
        for (int i = 0; i < 2; ++i) {
          words[tile][i] = tile < tiles ? latent_word(at, kept, i, warp * tiles + tile, own_end, lane) : 0;
        }
      }
      UNROLL
      for (int tile = 0; tile < kLatentTiles; ++tile) {
        if (tile >= tiles) break;
        mma_bf16(output[tile], weights, transpose_8x8(words[tile][0]), transpose_8x8(words[tile][1]));
      }
    }
  }
  UNROLL
  for (int mask = 1; mask < 16; mask <<= 1) state.sum += shuffle_xor(state.sum, mask);
  if (thread % 16 == 0) {
    shared.maximum[thread / 16] = state.maximum;
    shared.sum[thread / 16] = state.sum;
  }
  sync_block();
  float* const partial = a.partial + static_cast<long>(block_index_y()) * grid_blocks() * latent_partial_floats(s);
  float* const mine = partial + static_cast<long>(block_index()) * latent_partial_floats(s);
  UNROLL
  for (int tile = 0; tile < kLatentTiles; ++tile) {
    if (tile >= tiles) break;
    const int pair = (warp * tiles + tile) * 4 + t;
    UNROLL
    for (int side = 0; side < 2; ++side) {
      const int h = g + side * 8;
      const float low = output[tile][2 * side], high = output[tile][2 * side + 1];
      if (splits > 1) {
        mine[h * s.latent_dim + 2 * pair] = low;
        mine[h * s.latent_dim + 2 * pair + 1] = high;
      } else if (head + h < s.heads) {
        const float factor = 1 / shared.sum[h];
        const long offset = token_pair_offset(a.output, latent_place(head + h, r, a.count), pair);
        *reinterpret_cast<u32*>(reinterpret_cast<u8*>(a.output.to) + offset) = pack_bf16x2(low * factor, high * factor);
      }
    }
  }
  if (splits == 1) return;
  if (thread < kLatentHeads) {
    mine[kLatentHeads * s.latent_dim + thread] = shared.maximum[thread];
    mine[kLatentHeads * (s.latent_dim + 1) + thread] = shared.sum[thread];
  }
  sync_block();  // what all threads wrote comes before what thread 0 counts
  if (thread == 0) shared.is_last = atomic_add(&a.arrived[block_index_y()], 1) == static_cast<u32>(splits - 1);
  sync_block();
  if (shared.is_last == 0) return;
  merge_latent_splits(a, partial, splits, r, head);
  if (thread == 0) a.arrived[block_index_y()] = 0;
}

KERNEL(kLatentThreads, 1, latent_outputs, (LatentOutputsArguments a)) {
  grid_release();
  grid_wait();
  const LatentShape& s = a.shape;
  const int r = block_index(), half = s.value_dim / 2;
  for (int pair = thread_index(); pair < s.heads * half; pair += kLatentThreads) {
    const float* const answer =
        a.answers + static_cast<long>(latent_place(pair / half, r, a.count)) * s.value_dim + pair % half * 2;
    *reinterpret_cast<u32*>(reinterpret_cast<u8*>(a.output.to) + token_pair_offset(a.output, a.first + r, pair)) =
        pack_bf16x2(answer[0], answer[1]);
  }
}

}  // namespace estoc::gpu
