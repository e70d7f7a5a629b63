// Products of prompts on Hopper (gemm.h): bf16 times bf16 into f32 by warpgroup products.
//
// Weights are the side with 64 rows a warpgroup, tokens the side with up to 256 columns: codes can then come from
// registers, and few tokens waste little. A producer warp keeps a ring of stages full by bulk copies; two warpgroups
// multiply 64 rows of weights each. Blocks stay and take tile after tile, so that one tile's end overlaps the next
// one's loads. Up to 16 tiles of tokens are finished for all rows before the next ones, so that they stay in the L2.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gemm.h"
#include "gpu/source/linear.cu.h"

#if defined(HAS_WGMMA)
namespace estoc::gpu {

enum class GemmEnd { store, residual, gated };

struct GemmItem {
  int row_tile, token_tile, part, tile;
};

DEVICE GemmItem gemm_item(int index, int row_tiles, int token_tiles, int splits) {
  constexpr int kTogether = 16;
  const int tile = index / splits, per_group = row_tiles * kTogether, group = tile / per_group,
            inside = tile % per_group;
  const int left = token_tiles - group * kTogether, width = left < kTogether ? left : kTogether;
  return {inside / width, group * kTogether + inside % width, index % splits, tile};
}

// Position in the ring of stages.
struct RingPlace {
  int stage = 0;
  u32 phase = 0;
  DEVICE void advance(int stages) {
    if (++stage == stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <int kStages>
struct GemmBarriers {
  u64 full[kStages], empty[kStages];
};

constexpr int kGemmTileRows = kGemmRows / kTileRows;

// Everything of one stage, by the lanes of one warp: codes and scales of 8 tile rows, N / 64 tiles of tokens.
template <WeightForm kForm, int N>
DEVICE void gemm_load(u8* stage, u64* full, const GemmArguments& a, const GemmItem& item, int unit, int lane) {
  constexpr int kCodes = unit_code_bytes(kForm), kScales = unit_scale_bytes(kForm);
  const int units = a.columns / kUnitColumns;
  if (lane < kGemmTileRows) {
    const int wanted = item.row_tile * kGemmTileRows + lane, last = tile_rows_of(a.rows) - 1;
    const u8* tile_row = a.weights + (wanted < last ? wanted : last) * tile_row_bytes(kForm, a.columns);
    bulk_load(stage + lane * kCodes, tile_row + static_cast<long>(unit) * kCodes, kCodes, full);
    if constexpr (kScales > 0) {
      bulk_load(stage + kGemmTileRows * kCodes + lane * kScales,
                tile_row + static_cast<long>(units) * kCodes + static_cast<long>(unit) * kScales, kScales, full);
    }
  } else if (lane < kGemmTileRows + N / kTokenTile) {
    const int tile = lane - kGemmTileRows;
    bulk_load(
        stage + kGemmTileRows * (kCodes + kScales) + tile * kTokenTileBytes,
        a.inputs + (static_cast<long>(item.token_tile * (N / kTokenTile) + tile) * units + unit) * kTokenTileBytes,
        kTokenTileBytes, full);
  }
}

template <WeightForm kForm, int N, int kStages>
DEVICE void gemm_produce(u8* ring, GemmBarriers<kStages>& barriers, const GemmArguments& a, int items) {
  const int lane = thread_index(), units = a.columns / kUnitColumns;
  RingPlace at{0, 1};
  for (int i = block_index(); i < items; i += grid_blocks()) {
    const GemmItem item = gemm_item(i, gemm_row_tiles(a.rows), gemm_token_tiles(a.count, N), a.splits);
    for (int unit = units * item.part / a.splits; unit < units * (item.part + 1) / a.splits; ++unit) {
      barrier_wait(&barriers.empty[at.stage], at.phase);
      if (lane == 0) barrier_expect(&barriers.full[at.stage], gemm_stage_bytes(kForm, N));
      sync_warp();
      gemm_load<kForm, N>(ring + at.stage * gemm_stage_bytes(kForm, N), &barriers.full[at.stage], a, item, unit, lane);
      at.advance(kStages);
    }
  }
}

// Codes times scale as bf16: a fragment of 16 rows x 16 columns.
template <WeightForm kForm>
DEVICE void scaled_fragment(u32 (&a)[4], const LaneWeights<kForm>& w, int j, int step) {
  fragment_of<kForm>(a, w, j, step);
  UNROLL
  for (int i = 0; i < 4; ++i) {
    const float scale = f16_to_f32(w.scales.v[j] >> i % 2 * 16 & 0xffff);
    a[i] = pack_bf16x2(bits_to_f32(a[i] << 16) * scale, bits_to_f32(a[i] & 0xffff0000u) * scale);
  }
}

// Adds the product of one stage to `sum`; left running.
template <WeightForm kForm, int N>
DEVICE void gemm_multiply(float (&sum)[N / 2], const u8* stage, int group, bool adds) {
  constexpr int kCodes = unit_code_bytes(kForm), kScales = unit_scale_bytes(kForm);
  const u64 x = tile_descriptor(stage + kGemmTileRows * (kCodes + kScales), 128, 1024, Swizzle::none);
  if constexpr (kForm == WeightForm::bf16) {
    const u64 w = tile_descriptor(stage + group * 4 * kCodes, 128, 1024, Swizzle::none);
    wgmma_fence();
    UNROLL
    for (int k = 0; k < 4; ++k) wgmma_bf16<N>(sum, w + k * 16, x + k * 16, adds || k > 0);  // 256 bytes further
    wgmma_commit();
  } else {
    const int lane = thread_index() % kWarp, tile_row = group * 4 + thread_index() % 128 / kWarp;
    LaneWeights<kForm> w;
    w.codes[0] = *reinterpret_cast<const Words4*>(stage + tile_row * kCodes + lane * 16);
    w.scales = *reinterpret_cast<const Words2*>(stage + kGemmTileRows * kCodes + tile_row * kScales + lane / 4 * 8);
    u32 fragment[4][4];
    UNROLL
    for (int k = 0; k < 4; ++k) scaled_fragment<kForm>(fragment[k], w, k / 2, k % 2);
    wgmma_fence();
    UNROLL
    for (int k = 0; k < 4; ++k) wgmma_bf16<N>(sum, fragment[k], x + k * 16, adds || k > 0);
    wgmma_commit();
  }
}

// Where a thread's sums belong: sum[4 j + e] is row `row` + e / 2 * 8, token 8 j + lane % 4 * 2 + e % 2 of the tile.
DEVICE int gemm_row(const GemmItem& item, int group) {
  return item.row_tile * kGemmRows + group * 64 + thread_index() % 128 / kWarp * 16 + thread_index() % kWarp / 4;
}

template <int N, bool kAdds>
DEVICE void gemm_end_f32(const float (&sum)[N / 2], const GemmArguments& a, const GemmItem& item, int group) {
  constexpr int kTogether = 8;  // loads on the way before the first store
  const int row = gemm_row(item, group), first = item.token_tile * N + thread_index() % 4 * 2;
  float* output = a.output + static_cast<long>(first) * a.rows + row;
  UNROLL
  for (int i0 = 0; i0 < N / 2; i0 += kTogether) {
    float old[kTogether];
    UNROLL
    for (int i = 0; i < kTogether; ++i) {
      const int token = (i0 + i) / 4 * 8 + i % 2, below = i % 4 / 2 * 8;
      const bool is_inside = first + token < a.count && row + below < a.rows;
      old[i] = kAdds && is_inside ? output[static_cast<long>(token) * a.rows + below] : 0;
    }
    UNROLL
    for (int i = 0; i < kTogether; ++i) {
      const int token = (i0 + i) / 4 * 8 + i % 2, below = i % 4 / 2 * 8;
      const bool is_inside = first + token < a.count && row + below < a.rows;
      if (is_inside) output[static_cast<long>(token) * a.rows + below] = old[i] + sum[i0 + i];
    }
  }
}

template <int N>
DEVICE void gemm_end_gated(const float (&sum)[N / 2], const GemmArguments& a, const GemmItem& item, int group) {
  const int lane = thread_index() % kWarp;
  const int pair = (item.row_tile * kGemmRows + group * 64 + thread_index() % 128 / kWarp * 16) / 4 + lane % 4;
  UNROLL
  for (int j = 0; j < N / 8; ++j) {
    float value[2];
    UNROLL
    for (int e = 0; e < 2; ++e) {
      const float gate = sum[4 * j + e];
      value[e] = gate * reciprocal_fast(1 + exp2_fast(-1.4426950408889634f * gate)) * sum[4 * j + 2 + e];
    }
    const u32 both = transpose_8x8(pack_bf16x2(value[0], value[1]));  // two outputs of token lane / 4
    const int token = item.token_tile * N + j * 8 + lane / 4;
    if (token < a.count && pair * 4 < a.rows) {
      *reinterpret_cast<u32*>(a.activated + token_pair_offset(a.order, token, pair, a.rows / 2 / kTokenTile)) = both;
    }
  }
}

template <int N>
DEVICE float* gemm_part(const GemmArguments& a, const GemmItem& item, int part, int group) {
  return a.partial + ((static_cast<long>(item.tile) * a.splits + part) * 2 + group) * (64 * N) +
         thread_index() % 128 * 4;
}

// Leaves this block's part of a tile for the others. True for the warpgroup that came last: `sum` is then the whole.
template <int N>
DEVICE bool gemm_join(float (&sum)[N / 2], const GemmArguments& a, const GemmItem& item, int group, u32& order) {
  float* mine = gemm_part<N>(a, item, item.part, group);
  UNROLL
  for (int j = 0; j < N / 8; ++j) store_f32x4(mine + j * 512, &sum[4 * j]);
  fence_device();
  sync_named(1 + group, 128);
  const bool is_first = thread_index() % 128 == 0;
  if (is_first) order = atomic_add(a.arrivals + item.tile * 2 + group, 1);
  sync_named(1 + group, 128);
  const bool is_last = order == static_cast<u32>(a.splits) - 1;
  sync_named(1 + group, 128);
  if (!is_last) return false;
  fence_device();
  UNROLL
  for (int i = 0; i < N / 2; ++i) sum[i] = 0;
  for (int part = 0; part < a.splits; ++part) {
    const float* from = gemm_part<N>(a, item, part, group);
    UNROLL
    for (int j = 0; j < N / 8; ++j) {
      float v[4];
      load_f32x4(v, from + j * 512);
      UNROLL
      for (int e = 0; e < 4; ++e) sum[4 * j + e] += v[e];
    }
  }
  if (is_first) a.arrivals[item.tile * 2 + group] = 0;
  return true;
}

template <WeightForm kForm, int N, GemmEnd kEnd, int kStages>
DEVICE void gemm_consume(const u8* ring, GemmBarriers<kStages>& barriers, const GemmArguments& a, int items,
                         u32 (&order)[2]) {
  const int group = thread_index() / 128 - 1, lane = thread_index() % kWarp, units = a.columns / kUnitColumns;
  float sum[N / 2];
  RingPlace at;
  for (int i = block_index(); i < items; i += grid_blocks()) {
    const GemmItem item = gemm_item(i, gemm_row_tiles(a.rows), gemm_token_tiles(a.count, N), a.splits);
    const int begin = units * item.part / a.splits, end = units * (item.part + 1) / a.splits;
    int before = -1;  // the stage whose product may still run
    for (int unit = begin; unit < end; ++unit) {
      barrier_wait(&barriers.full[at.stage], at.phase);
      gemm_multiply<kForm, N>(sum, ring + at.stage * gemm_stage_bytes(kForm, N), group, unit > begin);
      wgmma_wait<1>();
      if (before >= 0 && lane == 0) barrier_arrive(&barriers.empty[before]);
      before = at.stage;
      at.advance(kStages);
    }
    wgmma_wait<0>();
    wgmma_hold(sum);
    if (lane == 0) barrier_arrive(&barriers.empty[before]);
    if (a.splits > 1 && !gemm_join<N>(sum, a, item, group, order[group])) continue;
    if constexpr (kEnd == GemmEnd::gated) {
      gemm_end_gated<N>(sum, a, item, group);
    } else {
      gemm_end_f32<N, kEnd == GemmEnd::residual>(sum, a, item, group);
    }
  }
}

template <WeightForm kForm, int N, GemmEnd kEnd>
DEVICE void gemm(const GemmArguments& a) {
  constexpr int kStages = gemm_stages(kForm, N);
  DYNAMIC_SHARED(ring);
  SHARED(barriers, GemmBarriers<kStages>);
  SHARED(order, u32[2]);
  const int items = gemm_row_tiles(a.rows) * gemm_token_tiles(a.count, N) * a.splits;
  if (thread_index() == 0) {
    for (int s = 0; s < kStages; ++s) {
      barrier_init(&barriers.full[s], 1);
      barrier_init(&barriers.empty[s], 8);  // a warp of the warpgroups each
    }
    barrier_fence();
  }
  sync_block();
  grid_release();
  grid_wait();
  if (thread_index() < 128) {
    registers_give<40>();
    if (thread_index() < kWarp) gemm_produce<kForm, N>(ring, barriers, a, items);
  } else {
    registers_take<232>();
    gemm_consume<kForm, N, kEnd>(ring, barriers, a, items, order);
  }
}

#define ESTOC_GEMM(form, end, n) \
  KERNEL(kGemmThreads, 1, gemm_##form##_##end##_n##n, (GemmArguments a)) { gemm<WeightForm::form, n, GemmEnd::end>(a); }
#define ESTOC_GEMM_FORM(form)     \
  ESTOC_GEMM(form, store, 64)     \
  ESTOC_GEMM(form, store, 128)    \
  ESTOC_GEMM(form, store, 256)    \
  ESTOC_GEMM(form, residual, 64)  \
  ESTOC_GEMM(form, residual, 128) \
  ESTOC_GEMM(form, residual, 256) \
  ESTOC_GEMM(form, gated, 64)     \
  ESTOC_GEMM(form, gated, 128)    \
  ESTOC_GEMM(form, gated, 256)

ESTOC_GEMM_FORM(bf16)
ESTOC_GEMM_FORM(codes4)

}  // namespace estoc::gpu
#endif
