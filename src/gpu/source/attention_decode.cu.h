// Decode attention over paged keys and values (attention_decode.h).
//
// All query heads of a KV head are one product: scores = Q K^T with heads on the 16-row side, so that a score's place
// in the fragment is where O^T = V^T P wants it; values reach that product through the warp's 8 x 8 transposition. Keys
// and values go from memory to registers, a block of 16 positions a warp and turn; a first one before the launch before
// has ended. A warp has a running maximum; warps are merged in shared memory, splits by whoever comes last.
#pragma once

#include "gpu/source/attention_decode.h"
#include "gpu/source/device.h"
#include "gpu/source/rope.cu.h"
#include "gpu/source/weights_ahead.cu.h"

namespace estoc::gpu {

inline constexpr int kAttentionWarps = kAttentionThreads / kWarp;
inline constexpr float kMasked = -1e30f;

template <int D>
struct AttentionShared {
  u16 queries[kAttentionGroupMax][D];
  float maximum[kAttentionWarps][kAttentionGroupMax];
  float sum[kAttentionWarps][kAttentionGroupMax];
  float output[kAttentionWarps][kAttentionGroupMax][D];
  u32 is_last;
};

// One block of positions, in the registers of a warp: [half of the positions][4 chunks of dimensions at a time].
template <int D>
struct KvLane {
  Words4 keys[2][D / 32], values[2][D / 32];
};

template <int D>
DEVICE void load_kv(KvLane<D>& to, const u16* keys, const u16* values, int lane) {
  UNROLL
  for (int half = 0; half < 2; ++half) {
    UNROLL
    for (int i = 0; i < D / 32; ++i) {
      const int at = half * 8 * D + (lane % 4 + 4 * i) * 64 + lane / 4 * 8;
      to.keys[half][i] = load_stream<Words4>(keys + at);
    }
  }
  UNROLL
  for (int half = 0; half < 2; ++half) {
    UNROLL
    for (int i = 0; i < D / 32; ++i) {
      const int at = half * 8 * D + (lane % 4 + 4 * i) * 64 + lane / 4 * 8;
      to.values[half][i] = load_stream<Words4>(values + at);
    }
  }
}

// A warp's running softmax: lane 4 g + t knows head g's maximum and its own part of the sum, and the output of heads 2
// t and 2 t + 1 for the dimensions that output_dimension() names.
template <int D>
struct RunningSoftmax {
  float maximum = kMasked, sum = 0;
  float output[D / 16][4];
};
constexpr int output_dimension(int tile, int g, int low_or_high) {
  return 8 * (g / 2 + tile / 2 * 4) + 2 * (tile % 2 * 2 + low_or_high) + g % 2;
}

// Scores of head g with positions 8 half + 2 t and + 1, times `scale`; positions from `end` on are masked.
template <int D>
DEVICE void compute_scores(float (&scores)[4], const Words4 (&q)[D / 32], const KvLane<D>& kv, float scale, int end,
                           int lane) {
  UNROLL
  for (int half = 0; half < 2; ++half) {
    float product[4] = {0, 0, 0, 0};
    UNROLL
    for (int i = 0; i < D / 32; ++i) {
      UNROLL
      for (int step = 0; step < 2; ++step) {
        const u32 a[4] = {q[i].v[2 * step], 0, q[i].v[2 * step + 1], 0};
        mma_bf16(product, a, kv.keys[half][i].v[2 * step], kv.keys[half][i].v[2 * step + 1]);
      }
    }
    UNROLL
    for (int e = 0; e < 2; ++e) scores[half * 2 + e] = half * 8 + lane % 4 * 2 + e < end ? product[e] * scale : kMasked;
  }
}

// Takes a block of positions in; `end` of its 16 are there.
template <int D>
DEVICE void attend(RunningSoftmax<D>& state, const Words4 (&q)[D / 32], const KvLane<D>& kv, float scale, int end,
                   int lane) {
  float s[4];
  compute_scores<D>(s, q, kv, scale, end, lane);
  float maximum = state.maximum;
  UNROLL
  for (int i = 0; i < 4; ++i) maximum = s[i] > maximum ? s[i] : maximum;
  UNROLL
  for (int mask = 1; mask < 4; mask <<= 1) {
    const float other = shuffle_xor(maximum, mask);
    maximum = other > maximum ? other : maximum;
  }
  const float shrink = exp2_fast(state.maximum - maximum);
  state.maximum = maximum;
  UNROLL
  for (int i = 0; i < 4; ++i) s[i] = exp2_fast(s[i] - maximum);
  state.sum = state.sum * shrink + (s[0] + s[1] + s[2] + s[3]);
  const u32 p0 = pack_bf16x2(s[0], s[1]), p1 = pack_bf16x2(s[2], s[3]);
  const float even = shuffle_from(shrink, lane % 4 * 8), odd = shuffle_from(shrink, lane % 4 * 8 + 4);
  UNROLL
  for (int tile = 0; tile < D / 16; ++tile) {
    UNROLL
    for (int e = 0; e < 4; ++e) state.output[tile][e] *= e % 2 == 0 ? even : odd;
    const int i = tile / 2, word = tile % 2 * 2;
    const u32 a[4] = {transpose_8x8(kv.values[0][i].v[word]), transpose_8x8(kv.values[0][i].v[word + 1]),
                      transpose_8x8(kv.values[1][i].v[word]), transpose_8x8(kv.values[1][i].v[word + 1])};
    mma_bf16(state.output[tile], a, p0, p1);
  }
}

template <int D>
DEVICE void share(AttentionShared<D>& shared, RunningSoftmax<D>& state, int warp, int lane) {
  UNROLL
  for (int mask = 1; mask < 4; mask <<= 1) state.sum += shuffle_xor(state.sum, mask);
  const int g = lane / 4, t = lane % 4;
  if (t == 0) {
    shared.maximum[warp][g] = state.maximum;
    shared.sum[warp][g] = state.sum;
  }
  UNROLL
  for (int tile = 0; tile < D / 16; ++tile) {
    UNROLL
    for (int e = 0; e < 4; ++e) {
      shared.output[warp][2 * t + e % 2][output_dimension(tile, g, e / 2)] = state.output[tile][e];
    }
  }
}

// Softmaxes over disjoint positions become one: element `i` of `count`, each {maximum, sum, output}.
struct Merged {
  float maximum, sum, output;
};
template <class Maximum, class Sum, class Output>
DEVICE Merged merge(int count, Maximum maximum_of, Sum sum_of, Output output_of) {
  constexpr int kTogether = 8;  // on the way at once
  Merged all{kMasked, 0, 0};
  for (int first = 0; first < count; first += kTogether) {
    Merged part[kTogether];
    UNROLL
    for (int i = 0; i < kTogether; ++i) {
      const int at = first + i < count ? first + i : count - 1;
      part[i] = {maximum_of(at), sum_of(at), output_of(at)};
    }
    float maximum = all.maximum;
    UNROLL
    for (int i = 0; i < kTogether; ++i) maximum = part[i].maximum > maximum ? part[i].maximum : maximum;
    const float shrink = exp2_fast(all.maximum - maximum);
    all = {maximum, all.sum * shrink, all.output * shrink};
    UNROLL
    for (int i = 0; i < kTogether; ++i) {
      const float factor = first + i < count ? exp2_fast(part[i].maximum - maximum) : 0;
      all.sum += factor * part[i].sum;
      all.output += factor * part[i].output;
    }
  }
  return all;
}

template <int D>
DEVICE Merged merge_warps(const AttentionShared<D>& shared, int head, int dimension) {
  return merge(
      kAttentionWarps, [&](int w) { return shared.maximum[w][head]; }, [&](int w) { return shared.sum[w][head]; },
      [&](int w) { return shared.output[w][head][dimension]; });
}

// The block's result joins the others' of its row and KV head; the last block to come writes the output.
template <int D>
DEVICE void merge_splits(AttentionShared<D>& shared, const AttentionArguments& a, int group, int splits, u16* output) {
  const int size = group * (D + 2);  // outputs, then maxima, then sums
  float* partial = a.partial + static_cast<long>(block_index_y()) * grid_blocks() * size;
  float* mine = partial + static_cast<long>(block_index()) * size;
  for (int i = thread_index(); i < group * D; i += kAttentionThreads) {
    const Merged merged = merge_warps(shared, i / D, i % D);
    mine[i] = merged.output;
    if (i % D == 0) {
      mine[group * D + i / D] = merged.maximum;
      mine[group * D + group + i / D] = merged.sum;
    }
  }
  fence_device();
  sync_block();
  if (thread_index() == 0) shared.is_last = atomic_add(&a.arrived[block_index_y()], 1) == static_cast<u32>(splits - 1);
  sync_block();
  if (shared.is_last == 0) return;
  fence_device();
  for (int i = thread_index(); i < group * D; i += kAttentionThreads) {
    const float* maxima = partial + group * D + i / D;
    const Merged merged = merge(
        splits, [&](int s) { return maxima[static_cast<long>(s) * size]; },
        [&](int s) { return maxima[static_cast<long>(s) * size + group]; },
        [&](int s) { return partial[static_cast<long>(s) * size + i]; });
    output[i] = to_bf16(merged.output / merged.sum);
  }
  if (thread_index() == 0) a.arrived[block_index_y()] = 0;
}

// Queries to shared memory and, in the split that holds the row's position, its key and value to the pool.
template <int D>
DEVICE void prepare_heads(AttentionShared<D>& shared, const AttentionArguments& a, int row, int kv_head, int group,
                          bool has_position, u16* tile) {
  const int warp = thread_index() / kWarp, lane = thread_index() % kWarp, position = a.positions[row];
  const float* from = a.qkv + static_cast<long>(row) * (a.heads + 2 * a.kv.kv_heads) * D;
  const float* rotation = a.rotations + static_cast<long>(position) * D;
  for (int head = warp; head < group; head += kAttentionWarps) {
    const auto x = rotate_head<D>(from + (kv_head * group + head) * D, a.query_norm, a.epsilon, rotation, lane);
    store_row<D>(shared.queries[head], x, lane);
  }
  if (has_position && warp == kAttentionWarps - 1) {
    const float* key = from + (a.heads + kv_head) * D;
    const auto x = rotate_head<D>(key, a.key_norm, a.epsilon, rotation, lane);
    store_key_value<D>(tile, tile + static_cast<long>(a.kv.kv_heads) * kv_tile_elements(D), x, key + a.kv.kv_heads * D,
                       position % kKvPositions, lane);
  }
  sync_block();
}

// Which blocks of positions a split takes: a multiple of the warps each, as even as that allows.
struct SplitRange {
  int begin, end, used;  // used: splits that have any
};
DEVICE SplitRange split_range(int blocks, int split, int splits) {
  const int each = ((blocks + splits - 1) / splits + kAttentionWarps - 1) / kAttentionWarps * kAttentionWarps;
  const int begin = split * each, end = begin + each;
  return {begin, end < blocks ? end : blocks, (blocks + each - 1) / each};
}

template <int D>
DEVICE void attention_decode(AttentionShared<D>& shared, const AttentionArguments& a) {
  grid_release();
  const int warp = thread_index() / kWarp, lane = thread_index() % kWarp;
  const int row = block_index_y() / a.kv.kv_heads, kv_head = block_index_y() % a.kv.kv_heads;
  const int group = a.heads / a.kv.kv_heads;
  if (row == 0) ask_ahead(a.ahead, kv_head * grid_blocks() + block_index(), a.kv.kv_heads * grid_blocks());
  const int position = a.positions[row], blocks = position / kKvPositions + 1;
  const SplitRange range = split_range(blocks, block_index(), grid_blocks());
  if (range.begin >= range.end) {
    grid_wait();
    return;
  }
  const u32* table = a.tables + static_cast<long>(row) * a.table_stride;
  u16* head = a.kv.pool + static_cast<long>(kv_head) * kv_tile_elements(D);
  const int to_values = a.kv.kv_heads * kv_tile_elements(D);
  KvLane<D> kv;
  int block = range.begin + warp;
  const bool is_early = block < range.end && block + 1 < blocks;  // the last block is still to be written to
  if (is_early) {
    const u16* tile = head + table[block] * a.kv.block_stride;
    load_kv<D>(kv, tile, tile + to_values, lane);
  }
  grid_wait();
  prepare_heads<D>(shared, a, row, kv_head, group, range.end == blocks, head + table[blocks - 1] * a.kv.block_stride);
  Words4 q[D / 32];
  const int g = lane / 4 < group ? lane / 4 : group - 1;  // rows beyond the group repeat its last head, unused
  UNROLL
  for (int i = 0; i < D / 32; ++i) {
    q[i] = *reinterpret_cast<const Words4*>(&shared.queries[g][(lane % 4 + 4 * i) * 8]);
  }
  RunningSoftmax<D> state;
  UNROLL
  for (int i = 0; i < D / 4; ++i) state.output[i / 4][i % 4] = 0;
  bool is_loaded = is_early;
  const float scale = a.scale * 1.4426950408889634f;
  for (; block < range.end; block += kAttentionWarps) {
    if (!is_loaded) {
      const u16* tile = head + table[block] * a.kv.block_stride;
      load_kv<D>(kv, tile, tile + to_values, lane);
    }
    is_loaded = false;
    attend<D>(state, q, kv, scale, position + 1 - block * kKvPositions, lane);
  }
  share(shared, state, warp, lane);
  sync_block();
  u16* output = a.output + (static_cast<long>(row) * a.heads + kv_head * group) * D;
  if (range.used > 1) {
    merge_splits(shared, a, group, range.used, output);
    return;
  }
  for (int i = thread_index(); i < group * D; i += kAttentionThreads) {
    const Merged merged = merge_warps(shared, i / D, i % D);
    output[i] = to_bf16(merged.output / merged.sum);
  }
}

KERNEL(kAttentionThreads, 3, attention_decode_d64, (AttentionArguments a)) {
  SHARED(shared, AttentionShared<64>);
  attention_decode<64>(shared, a);
}
KERNEL(kAttentionThreads, 2, attention_decode_d128, (AttentionArguments a)) {
  SHARED(shared, AttentionShared<128>);
  attention_decode<128>(shared, a);
}

}  // namespace estoc::gpu
