// Decode attention over paged keys and values (attention_decode.h).
//
// All query heads of a KV head are one product: scores = Q K^T with heads on the 16-row side, so that a score's place
// in the fragment is where O^T = V^T P wants it; values reach that product through the warp's 8 x 8 transposition. Keys
// and values go from memory to registers, a block of 16 positions a warp and turn; a first one before the launch before
// has ended, although the last block lacks the new position then: it is put in from shared memory. A warp has a running
// maximum; warps are merged in shared memory, splits by whoever comes last.
//
// Two blocks of threads fit a multiprocessor, or one beside half of a projection's: so one is there before its turn.
#pragma once

#include "gpu/source/attention_decode.h"
#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/kv_codes.cu.h"
#include "gpu/source/rope.cu.h"
#include "gpu/source/weights_ahead.cu.h"

namespace estoc::gpu {

template <int D>
inline constexpr int kAttentionWarps = attention_threads(D) / kWarp;
// Registers for two blocks of threads suffice but on sm_120, whose text is that of any card from Hopper on.
#if defined(HAS_HOPPER) && !defined(HAS_WGMMA)
inline constexpr int kAttentionBlocks = 1;
#else
inline constexpr int kAttentionBlocks = 2;
#endif
inline constexpr float kMasked = -1e30f;

template <int D, KvForm kForm>
struct AttentionShared {
  alignas(16) u16 queries[kAttentionGroupMax][D];
  alignas(16) u8 key_value[2][kv_code_bytes(kForm, D) / kKvPositions];  // of the new position, chunks as in a tile
  float key_value_scale[2];
  float maximum[kAttentionWarps<D>][kAttentionGroupMax];
  float sum[kAttentionWarps<D>][kAttentionGroupMax];
  alignas(16) float output[kAttentionWarps<D>][kAttentionGroupMax][D];
  int splits, row, first;  // of the block, kept here through the loop over positions; its first element of the row
  u32 is_last;
};

// Scales of codes, of positions 2 t, 2 t + 1, 8 + 2 t and 9 + 2 t in lane 4 g + t.
template <KvForm kForm>
struct KvLaneScales {};
template <>
struct KvLaneScales<KvForm::int8> {
  Words4 of_keys, of_values;
};

// Chunks of a half of the positions that a lane has, four lanes to a position.
constexpr int kv_lane_chunks(KvForm form, int head_dim) { return head_dim / kv_chunk(form) / 4; }

// One block of positions, in the registers of a warp: [half of the positions][4 chunks of dimensions at a time].
template <int D, KvForm kForm>
struct KvLane {
  Words4 keys[2][kv_lane_chunks(kForm, D)], values[2][kv_lane_chunks(kForm, D)];
  KvLaneScales<kForm> scales;
};

// Wide heads leave AMD's registers no room for values beside keys: they come when the scores are there.
#if defined(IS_EMULATED)
inline constexpr bool kMayBeLate = true;
#else
inline constexpr bool kMayBeLate = kIsAmd;
#endif
template <int D>
inline constexpr bool kHasLateValues = kMayBeLate && D > 128;

template <int D, KvForm kForm>
DEVICE void load_values(KvLane<D, kForm>& to, const u8* values, int lane) {
  constexpr int kHalf = kv_code_bytes(kForm, D) / 2;
  UNROLL
  for (int half = 0; half < 2; ++half) {
    UNROLL
    for (int i = 0; i < kv_lane_chunks(kForm, D); ++i) {
      const int at = half * kHalf + (lane % 4 + 4 * i) * 128 + lane / 4 * 16;
      to.values[half][i] = load_stream<Words4>(values + at);
    }
  }
}

template <int D, KvForm kForm>
DEVICE void load_kv(KvLane<D, kForm>& to, const u8* keys, const u8* values, int lane) {
  constexpr int kHalf = kv_code_bytes(kForm, D) / 2;
  if constexpr (kForm == KvForm::int8) {
    to.scales.of_keys = load_stream<Words4>(keys + 2 * kHalf + lane % 4 * 16);
    to.scales.of_values = load_stream<Words4>(values + 2 * kHalf + lane % 4 * 16);
  }
  UNROLL
  for (int half = 0; half < 2; ++half) {
    UNROLL
    for (int i = 0; i < kv_lane_chunks(kForm, D); ++i) {
      const int at = half * kHalf + (lane % 4 + 4 * i) * 128 + lane / 4 * 16;
      to.keys[half][i] = load_stream<Words4>(keys + at);
    }
  }
  if constexpr (!kHasLateValues<D>) load_values<D, kForm>(to, values, lane);
}

// The same keys and values of the layer `distance` bytes further, on their way to the L2.
template <int D, KvForm kForm>
DEVICE void ask_for_kv(const u8* keys, const u8* values, long distance, int lane) {
  if (distance == 0 || lane != 0) return;
  prefetch_l2(keys + distance, kv_tile_bytes(kForm, D));
  prefetch_l2(values + distance, kv_tile_bytes(kForm, D));
}

// A warp's running softmax: lane 4 g + t knows head g's maximum and its own part of the sum, and the output of heads 2
// t and 2 t + 1 for the dimensions that output_dimension() names.
template <int D>
struct RunningSoftmax {
  float maximum = kMasked, sum = 0;
  float output[D / 16][4];
};
constexpr int output_dimension(KvForm form, int tile, int g, int low_or_high) {
  const int chunk = kv_chunk(form), tiles = chunk / 4;  // of a lane's chunk
  return chunk * (g / 2 + tile / tiles * 4) + 2 * (tile % tiles * 2 + low_or_high) + g % 2;
}

// The new position into its block: `place` is where in it. Nobody has written what follows there: values become zero,
// because a weight of zero times whatever they were may be NaN.
template <int D, KvForm kForm>
DEVICE void complete_values(KvLane<D, kForm>& kv, const AttentionShared<D, kForm>& shared, int place, int lane) {
  UNROLL
  for (int half = 0; half < 2; ++half) {
    const int mine = half * 8 + lane / 4;
    UNROLL
    for (int i = 0; i < kv_lane_chunks(kForm, D); ++i) {
      const int chunk = (lane % 4 + 4 * i) * 16;
      if (mine == place) kv.values[half][i] = *reinterpret_cast<const Words4*>(shared.key_value[1] + chunk);
      if (kForm == KvForm::bf16 && mine > place) kv.values[half][i] = {0, 0, 0, 0};
    }
  }
}
template <int D, KvForm kForm>
DEVICE void complete_kv(KvLane<D, kForm>& kv, const AttentionShared<D, kForm>& shared, int place, int lane) {
  UNROLL
  for (int half = 0; half < 2; ++half) {
    const int mine = half * 8 + lane / 4;
    UNROLL
    for (int i = 0; i < kv_lane_chunks(kForm, D); ++i) {
      const int chunk = (lane % 4 + 4 * i) * 16;
      if (mine == place) kv.keys[half][i] = *reinterpret_cast<const Words4*>(shared.key_value[0] + chunk);
    }
  }
  if constexpr (!kHasLateValues<D>) complete_values<D, kForm>(kv, shared, place, lane);
  if constexpr (kForm == KvForm::int8) {
    UNROLL
    for (int i = 0; i < 4; ++i) {
      const int mine = i / 2 * 8 + lane % 4 * 2 + i % 2;
      if (mine == place) kv.scales.of_keys.v[i] = f32_to_bits(shared.key_value_scale[0]);
      if (mine >= place) kv.scales.of_values.v[i] = mine == place ? f32_to_bits(shared.key_value_scale[1]) : 0;
    }
  }
}

// What scores are multiplied by, and what keeps them within bounds where there is something.
struct ScoreScale {
  float scale;         // log2(e) included
  float inverse, cap;  // cap tanh(score inverse), log2(e) included; an inverse of 0 for none
};
DEVICE ScoreScale score_scale(float scale, float softcap) {
  return {scale * kLog2E, softcap > 0 ? 1 / (softcap * kLog2E) : 0, softcap * kLog2E};
}

// Scores of head g with positions 8 half + 2 t and + 1, scaled and capped; positions from `end` on are masked, and
// those `window` and more before it where there are windows. `query` is where this lane's part of its head lies in
// shared memory: it takes no registers meanwhile.
template <int D, KvForm kForm, bool kHasWindow>
DEVICE void compute_scores(float (&scores)[4], const u16* query, const KvLane<D, kForm>& kv, const ScoreScale& scale,
                           int end, int window, int lane) {
  constexpr int kChunk = kv_chunk(kForm);
  float product[2][4] = {};
  UNROLL
  for (int i = 0; i < D / 32; ++i) {  // 8 of a chunk's dimensions
    const int chunk = i / (kChunk / 8), first = i % (kChunk / 8) * 4;
    const Words4 q = *reinterpret_cast<const Words4*>(query + chunk * 4 * kChunk + first * 2);
    UNROLL
    for (int step = 0; step < 2; ++step) {
      const u32 a[4] = {q.v[2 * step], 0, q.v[2 * step + 1], 0};
      UNROLL
      for (int half = 0; half < 2; ++half) {
        mma_bf16(product[half], a, kv_pair<kForm>(kv.keys[half][chunk], first + 2 * step),
                 kv_pair<kForm>(kv.keys[half][chunk], first + 2 * step + 1));
      }
    }
  }
  UNROLL
  for (int half = 0; half < 2; ++half) {
    UNROLL
    for (int e = 0; e < 2; ++e) {
      const int position = half * 8 + e, own_end = end - lane % 4 * 2;
      const bool is_seen = position < own_end && (!kHasWindow || position >= own_end - window);
      float factor = scale.scale;
      if constexpr (kForm == KvForm::int8) factor *= bits_to_f32(kv.scales.of_keys.v[half * 2 + e]);
      float score = product[half][e] * factor;
      if (kHasWindow && scale.inverse > 0) score = scale.cap * tanh_fast(score * scale.inverse);
      scores[half * 2 + e] = is_seen ? score : kMasked;
    }
  }
}

// Takes a block of positions in; `end` of its 16 are there. `bring_values` is called when the scores are there.
template <int D, KvForm kForm, bool kHasWindow, class BringValues>
DEVICE void attend(RunningSoftmax<D>& state, const u16* query, const KvLane<D, kForm>& kv, const ScoreScale& scale,
                   int end, int window, int lane, BringValues bring_values) {
  float s[4];
  compute_scores<D, kForm, kHasWindow>(s, query, kv, scale, end, window, lane);
  bring_values();
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
  if constexpr (kForm == KvForm::int8) {
    UNROLL
    for (int i = 0; i < 4; ++i) s[i] *= bits_to_f32(kv.scales.of_values.v[i]);
  }
  const u32 p0 = pack_bf16x2(s[0], s[1]), p1 = pack_bf16x2(s[2], s[3]);
  const float even = shuffle_from(shrink, lane * 8), odd = shuffle_from(shrink, lane * 8 + 4);
  UNROLL
  for (int tile = 0; tile < D / 16; ++tile) {
    UNROLL
    for (int e = 0; e < 4; ++e) state.output[tile][e] *= e % 2 == 0 ? even : odd;
    constexpr int kTiles = kv_chunk(kForm) / 4;
    const int chunk = tile / kTiles, pair = tile % kTiles * 2;
    u32 a[4];
    UNROLL
    for (int i = 0; i < 4; ++i) a[i] = transpose_8x8(kv_pair<kForm>(kv.values[i / 2][chunk], pair + i % 2));
    mma_bf16(state.output[tile], a, p0, p1);
  }
}

template <int D, KvForm kForm>
DEVICE void share(AttentionShared<D, kForm>& shared, RunningSoftmax<D>& state, int lane) {
  const int warp = static_cast<int>(static_cast<u32>(thread_index()) / kWarp);
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
      shared.output[warp][2 * t + e % 2][output_dimension(kForm, tile, g, e / 2)] = state.output[tile][e];
    }
  }
}

// Softmaxes over disjoint positions become one, at four neighbouring dimensions of a head: `count` of them in their
// order, eight on the way at once.
struct Merged {
  float maximum = kMasked, sum = 0, output[4] = {0, 0, 0, 0};
};
template <class Part>
DEVICE Merged merge(int count, Part part_of) {
  constexpr int kTogether = 8;
  Merged all;
  for (int first = 0; first < count; first += kTogether) {
    Merged part[kTogether];
    UNROLL
    for (int i = 0; i < kTogether; ++i) part[i] = part_of(first + i < count ? first + i : count - 1);
    float maximum = all.maximum;
    UNROLL
    for (int i = 0; i < kTogether; ++i) maximum = part[i].maximum > maximum ? part[i].maximum : maximum;
    const float shrink = exp2_fast(all.maximum - maximum);
    all.maximum = maximum;
    all.sum *= shrink;
    UNROLL
    for (int e = 0; e < 4; ++e) all.output[e] *= shrink;
    UNROLL
    for (int i = 0; i < kTogether; ++i) {
      const float factor = first + i < count ? exp2_fast(part[i].maximum - maximum) : 0;
      all.sum += factor * part[i].sum;
      UNROLL
      for (int e = 0; e < 4; ++e) all.output[e] += factor * part[i].output[e];
    }
  }
  return all;
}

// `element` is head * D + dimension, the first of four.
template <int D, KvForm kForm>
DEVICE Merged merge_warps(const AttentionShared<D, kForm>& shared, int element) {
  const int head = element / D, dimension = element % D;
  return merge(kAttentionWarps<D>, [&](int w) {
    Merged part;
    part.maximum = shared.maximum[w][head];
    part.sum = shared.sum[w][head];
    UNROLL
    for (int e = 0; e < 4; ++e) part.output[e] = shared.output[w][head][dimension + e];
    return part;
  });
}

// Dimensions `place` % D .. + 3 of head `place` / D of a row of outputs.
template <int D>
DEVICE void store_output(const AttentionArguments& a, int row, int place, const Merged& merged) {
  const int head = place / D, columns = a.heads * a.width, element = head * a.width + place % D;
  if (place % D >= a.width) return;
  const float sink = a.sinks != nullptr ? exp2_fast(a.sinks[head] * kLog2E - merged.maximum) : 0;
  float factor[4];
  UNROLL
  for (int i = 0; i < 4; ++i) factor[i] = 1 / (merged.sum + sink);
  if (a.gate != nullptr) {
    const float* gate = a.gate + static_cast<long>(row) * a.qkv_stride + element;
    UNROLL
    for (int i = 0; i < 4; ++i) factor[i] *= sigmoid_fast(gate[i]);
  }
  Words2 both;
  UNROLL
  for (int i = 0; i < 2; ++i) {
    both.v[i] = pack_bf16x2(merged.output[2 * i] * factor[2 * i], merged.output[2 * i + 1] * factor[2 * i + 1]);
  }
  if (a.output_tiles == 0) {
    *reinterpret_cast<Words2*>(a.output + static_cast<long>(row) * columns + element) = both;
    return;
  }
  u8* tiles = reinterpret_cast<u8*>(a.output);
  UNROLL
  for (int i = 0; i < 2; ++i) {
    *reinterpret_cast<u32*>(tiles + token_pair_offset(a.order, row, element / 2 + i, a.output_tiles)) = both.v[i];
  }
}

// The block's result joins the others' of its row and KV head; the last block to come writes the output.
template <int D, KvForm kForm>
DEVICE void merge_splits(AttentionShared<D, kForm>& shared, const AttentionArguments& a, int group, int splits, int row,
                         int first) {
  const int size = attention_partial_floats(group, D);  // outputs, then maxima, then sums
  float* partial = a.partial + static_cast<long>(block_index_y()) * grid_blocks() * size;
  float* mine = partial + static_cast<long>(block_index()) * size;
  for (int i = thread_index() * 4; i < group * D; i += attention_threads(D) * 4) {
    const Merged merged = merge_warps(shared, i);
    store_f32x4(mine + i, merged.output);
    if (i % D == 0) {
      mine[group * D + i / D] = merged.maximum;
      mine[group * D + group + i / D] = merged.sum;
    }
  }
  sync_block();  // what all threads wrote comes before what thread 0 counts
  if (thread_index() == 0) shared.is_last = atomic_add(&a.arrived[block_index_y()], 1) == static_cast<u32>(splits - 1);
  sync_block();
  if (shared.is_last == 0) return;
  for (int i = thread_index() * 4; i < group * D; i += attention_threads(D) * 4) {
    const float* maxima = partial + group * D + i / D;
    const Merged merged = merge(splits, [&](int s) {
      Merged part;
      part.maximum = maxima[static_cast<long>(s) * size];
      part.sum = maxima[static_cast<long>(s) * size + group];
      load_f32x4(part.output, partial + static_cast<long>(s) * size + i);
      return part;
    });
    store_output<D>(a, row, first + i, merged);
  }
  if (thread_index() == 0) a.arrived[block_index_y()] = 0;
}

// Heads to shared memory, a warp each: queries, and in the split that holds the row's position its key and value, which
// also enter the pool.
template <int D, KvForm kForm>
DEVICE void prepare_heads(AttentionShared<D, kForm>& shared, const AttentionArguments& a, int row, int kv_head,
                          int group, bool has_position, const u32* last_block) {
  constexpr int kTile = kv_tile_bytes(kForm, D);
  const u32 thread = static_cast<u32>(thread_index());
  const int warp = static_cast<int>(thread / kWarp), lane = static_cast<int>(thread % kWarp),
            position = a.positions[row];
  const float* from = a.qkv + static_cast<long>(row) * a.qkv_stride;
  const float* rotation = a.rotations + static_cast<long>(position) * D;
  for (int i = warp; i < group + (has_position ? 1 : 0); i += kAttentionWarps<D>) {
    const bool is_key = i == group;
    const float* head = from + (is_key ? a.heads + kv_head : kv_head * group + i) * D;
    const float* value = head + a.kv.kv_heads * D;
    RotatedHead<D> v = load_head<D>(value, lane);  // for queries too, in vain: so it is on the way with the key
    const auto x = rotate_head<D>(head, is_key ? a.key_norm : a.query_norm, a.epsilon, a.width, rotation, lane);
    if (!is_key) {
      store_row<D>(shared.queries[i], x, lane);
      continue;
    }
    if (a.value_epsilon > 0) norm_head<D>(v, a.value_epsilon, a.width);
    u8* keys = a.kv.pool + *last_block * a.kv.block_stride + static_cast<long>(kv_head) * kTile;
    u8* values = keys + static_cast<long>(a.kv.kv_heads) * kTile;
    if constexpr (kForm == KvForm::int8) {
      store_key_value_codes<D>(keys, values, shared.key_value[0], shared.key_value_scale, x, v, position % kKvPositions,
                               lane);
    } else {
      store_row<D>(reinterpret_cast<u16*>(shared.key_value[0]), x, lane);
      store_row<D>(reinterpret_cast<u16*>(shared.key_value[1]), v, lane);
      store_key_value<D>(keys, values, x, v, position % kKvPositions, lane);
    }
  }
  sync_block();
}

// Which blocks of positions a split takes: a multiple of the warps each, as even as that allows.
struct SplitRange {
  int begin, end, used;  // used: splits that have any
};
DEVICE SplitRange split_range(int blocks, int split, int splits, int warps) {
  const int each = ((blocks + splits - 1) / splits + warps - 1) / warps * warps;
  const int begin = split * each, end = begin + each;
  return {begin, end < blocks ? end : blocks, (blocks + each - 1) / each};
}

// Positions are counted from the first block that the row sees: so are the table's blocks.
template <int D, KvForm kForm, bool kHasWindow>
DEVICE void attention_decode(AttentionShared<D, kForm>& shared, const AttentionArguments& a) {
  grid_release();
  const u32 thread = static_cast<u32>(thread_index());  // unsigned: quotients are shifts then
  const int warp = static_cast<int>(thread / kWarp), lane = static_cast<int>(thread % kWarp);
  const int row = block_index_y() / a.kv.kv_heads, kv_head = block_index_y() % a.kv.kv_heads;
  const int group = a.heads / a.kv.kv_heads;
  const int before = kHasWindow ? attention_first_block(a.positions[row], a.window) * kKvPositions : 0;
  const int position = a.positions[row] - before, blocks = position / kKvPositions + 1;
  const SplitRange range = split_range(blocks, block_index(), grid_blocks(), kAttentionWarps<D>);
  const u32* table = a.tables + static_cast<long>(row) * a.table_stride;
  u8* head = a.kv.pool + static_cast<long>(kv_head) * kv_tile_bytes(kForm, D);
  const int to_values = a.kv.kv_heads * kv_tile_bytes(kForm, D);
  KvLane<D, kForm> kv;
  const u8* values = nullptr;
  const int first = range.begin + warp;
  if (first < range.end) {
    const u8* tile = head + table[first] * a.kv.block_stride;
    values = tile + to_values;
    load_kv<D, kForm>(kv, tile, values, lane);
    ask_for_kv<D, kForm>(tile, tile + to_values, a.next_layer, lane);
  }
  if (row == 0) ask_ahead(a.ahead, kv_head * grid_blocks() + block_index(), a.kv.kv_heads * grid_blocks());
  if (range.begin >= range.end) {
    grid_wait();
    return;
  }
  if (thread_index() == 0) {
    shared.splits = range.used;
    shared.row = row;
    shared.first = kv_head * group * D;
  }
  grid_wait();
  prepare_heads<D, kForm>(shared, a, row, kv_head, group, range.end == blocks, table + blocks - 1);
  const u16* query =
      shared.queries[lane / 4 < group ? lane / 4 : group - 1] + lane % 4 * kv_chunk(kForm);  // beyond the group unused
  RunningSoftmax<D> state;
  UNROLL
  for (int i = 0; i < D / 4; ++i) state.output[i / 4][i % 4] = 0;
  const ScoreScale scale = score_scale(a.scale, kHasWindow ? a.softcap : 0);
  const u32* next = table + first;
  const int window = a.window > 0 ? a.window : 1 << 30;
  int end = position + 1 - first * kKvPositions;  // positions from the block's first on, beyond its last too
  const int last_end = position + 1 - range.end * kKvPositions;
  if (end > last_end) {
    while (true) {
      if (end <= kKvPositions) complete_kv<D, kForm>(kv, shared, end - 1, lane);
      attend<D, kForm, kHasWindow>(state, query, kv, scale, end, window, lane, [&] {
        if constexpr (kHasLateValues<D>) {
          load_values<D, kForm>(kv, values, lane);
          if (end <= kKvPositions) complete_values<D, kForm>(kv, shared, end - 1, lane);
        }
      });
      next += kAttentionWarps<D>;
      end -= kAttentionWarps<D> * kKvPositions;
      if (end <= last_end) break;
      const u8* tile = head + *next * a.kv.block_stride;
      values = tile + to_values;
      load_kv<D, kForm>(kv, tile, values, lane);
      ask_for_kv<D, kForm>(tile, tile + to_values, a.next_layer, lane);
    }
  }
  share(shared, state, lane);
  sync_block();
  const int rows_group = a.heads / a.kv.kv_heads, splits = shared.splits;
  if (splits > 1) {
    merge_splits(shared, a, rows_group, splits, shared.row, shared.first);
    return;
  }
  for (int i = thread_index() * 4; i < rows_group * D; i += attention_threads(D) * 4) {
    store_output<D>(a, shared.row, shared.first + i, merge_warps(shared, i));
  }
}

#define ESTOC_ATTENTION_DECODE(name, dim, blocks, form, has_window)                         \
  KERNEL(attention_threads(dim), blocks, attention_decode_##name, (AttentionArguments a)) { \
    SHARED(shared, AttentionShared<dim, KvForm::form>);                                     \
    attention_decode<dim, KvForm::form, has_window>(shared, a);                             \
  }

ESTOC_ATTENTION_DECODE(d64, 64, 2, bf16, false)
ESTOC_ATTENTION_DECODE(d64_window, 64, 2, bf16, true)
ESTOC_ATTENTION_DECODE(d64_int8, 64, 2, int8, true)
ESTOC_ATTENTION_DECODE(d128, 128, kAttentionBlocks, bf16, false)
ESTOC_ATTENTION_DECODE(d128_window, 128, kAttentionBlocks, bf16, true)
ESTOC_ATTENTION_DECODE(d128_int8, 128, kAttentionBlocks, int8, true)
ESTOC_ATTENTION_DECODE(d256, 256, 1, bf16, false)
ESTOC_ATTENTION_DECODE(d256_window, 256, 1, bf16, true)
ESTOC_ATTENTION_DECODE(d256_int8, 256, 1, int8, true)

}  // namespace estoc::gpu
