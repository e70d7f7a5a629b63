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

// Codes and scales of one stage, 8 tile rows, by the lanes of one warp.
template <WeightForm kForm>
DEVICE void gemm_load_weights(u8* stage, u64* full, const GemmArguments& a, int row_tile, int unit, int lane) {
  constexpr int kCodes = unit_code_bytes(kForm), kScales = unit_scale_bytes(kForm);
  if (lane >= kGemmTileRows) return;
  const int wanted = row_tile * kGemmTileRows + lane, last = tile_rows_of(a.rows) - 1;
  const u8* tile_row = a.weights + (wanted < last ? wanted : last) * tile_row_bytes(kForm, a.columns);
  bulk_load(stage + lane * kCodes, tile_row + static_cast<long>(unit) * kCodes, kCodes, full);
  if constexpr (kScales > 0) {
    const u8* scales = tile_row + static_cast<long>(a.columns / kUnitColumns) * kCodes;
    bulk_load(stage + kGemmTileRows * kCodes + lane * kScales, scales + static_cast<long>(unit) * kScales, kScales,
              full);
  }
}

template <WeightForm kForm, int N>
DEVICE void gemm_load_tokens(u8* stage, u64* full, const GemmArguments& a, int token_tile, int unit, int lane) {
  constexpr int kTiles = N / kTokenTile;
  if (lane >= kTiles) return;
  const long tile = static_cast<long>(token_tile * kTiles + lane) * (a.columns / kUnitColumns) + unit;
  bulk_load(stage + kGemmTileRows * (unit_code_bytes(kForm) + unit_scale_bytes(kForm)) + lane * kTokenTileBytes,
            a.inputs + tile * kTokenTileBytes, kTokenTileBytes, full);
}

// The units of an item's columns.
struct GemmUnits {
  int begin, end;
};
DEVICE GemmUnits gemm_units(const GemmArguments& a, const GemmItem& item) {
  const int units = a.columns / kUnitColumns;
  return {units * item.part / a.splits, units * (item.part + 1) / a.splits};
}

// The producer warp. Weights of the first stages are on the way before the launch before this one has ended.
template <WeightForm kForm, int N, int kStages>
DEVICE void gemm_produce(u8* ring, GemmBarriers<kStages>& barriers, const GemmArguments& a, int items) {
  constexpr int kBytes = gemm_stage_bytes(kForm, N);
  const int lane = thread_index(), row_tiles = gemm_row_tiles(a.rows), token_tiles = gemm_token_tiles(a.count, N);
  const auto begin_stage = [&](int stage, const GemmItem& item, int unit) {
    if (lane == 0) barrier_expect(&barriers.full[stage], kBytes);
    sync_warp();
    gemm_load_weights<kForm>(ring + stage * kBytes, &barriers.full[stage], a, item.row_tile, unit, lane);
  };
  const GemmItem first = gemm_item(block_index(), row_tiles, token_tiles, a.splits);
  const GemmUnits first_units = gemm_units(a, first);
  const int count = first_units.end - first_units.begin;
  int ahead = block_index() >= items ? 0 : count < kStages ? count : kStages;
  for (int s = 0; s < ahead; ++s) begin_stage(s, first, first_units.begin + s);
  grid_wait();
  RingPlace at{0, 1};
  for (int i = block_index(); i < items; i += grid_blocks()) {
    const GemmItem item = gemm_item(i, row_tiles, token_tiles, a.splits);
    const GemmUnits units = gemm_units(a, item);
    for (int unit = units.begin; unit < units.end; ++unit) {
      if (ahead > 0) {
        --ahead;
      } else {
        barrier_wait(&barriers.empty[at.stage], at.phase);
        begin_stage(at.stage, item, unit);
      }
      gemm_load_tokens<kForm, N>(ring + at.stage * kBytes, &barriers.full[at.stage], a, item.token_tile, unit, lane);
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

// A warpgroup's weights of one stage for products from registers: [step of 16 columns].
using GemmFragments = u32[4][4];

template <WeightForm kForm>
DEVICE void gemm_fragments(GemmFragments& fragments, const u8* stage, int group) {
  constexpr int kCodes = unit_code_bytes(kForm), kScales = unit_scale_bytes(kForm);
  const int lane = thread_index() % kWarp, tile_row = group * 4 + thread_index() % 128 / kWarp;
  LaneWeights<kForm> w;
  w.codes[0] = *reinterpret_cast<const Words4*>(stage + tile_row * kCodes + lane * 16);
  w.scales = *reinterpret_cast<const Words2*>(stage + kGemmTileRows * kCodes + tile_row * kScales + lane / 4 * 8);
  UNROLL
  for (int k = 0; k < 4; ++k) scaled_fragment<kForm>(fragments[k], w, k / 2, k % 2);
}

// Adds the product of one stage to `sum`; left running. `weight(k)` is the operand of columns 16 k and on.
template <WeightForm kForm, int N, class Weight>
DEVICE void gemm_multiply(float (&sum)[N / 2], const u8* stage, bool adds, Weight weight) {
  const u64 x = tile_descriptor(stage + kGemmTileRows * (unit_code_bytes(kForm) + unit_scale_bytes(kForm)), 128, 1024,
                                Swizzle::none);
  wgmma_fence();
  UNROLL
  for (int k = 0; k < 4; ++k) wgmma_bf16<N>(sum, weight(k), x + k * 16, adds || k > 0);  // 256 bytes further
  wgmma_commit();
}

// Where a consumer stands: the ring, and its warpgroup.
template <int kStages>
struct GemmConsumer {
  const u8* ring;
  GemmBarriers<kStages>& barriers;
  int group;
  RingPlace at = {};

  DEVICE void wait() const { barrier_wait(&barriers.full[at.stage], at.phase); }
  DEVICE void release(int stage) const {
    if (thread_index() % kWarp == 0) barrier_arrive(&barriers.empty[stage]);
  }
};

// Multiplies the consumer's stage, weights from shared memory, and goes on to the next; left running.
template <int N, int kStages>
DEVICE void gemm_begin_shared(float (&sum)[N / 2], GemmConsumer<kStages>& c, bool adds) {
  constexpr WeightForm kForm = WeightForm::bf16;
  c.wait();
  const u8* stage = c.ring + c.at.stage * gemm_stage_bytes(kForm, N);
  const u64 w = tile_descriptor(stage + c.group * 4 * unit_code_bytes(kForm), 128, 1024, Swizzle::none);
  gemm_multiply<kForm, N>(sum, stage, adds, [&](int k) { return w + k * 16; });
  c.at.advance(kStages);
}

// The product of `units` stages: the next is begun before the one before it is waited for. The first stands alone, so
// that the loop's sums come from products only: ptxas would otherwise let none overlap (its warning C7515).
template <int N, int kStages>
DEVICE void gemm_run_shared(float (&sum)[N / 2], GemmConsumer<kStages>& c, int units, bool adds) {
  int running = c.at.stage;
  gemm_begin_shared<N>(sum, c, adds);
  for (int unit = 1; unit < units; ++unit) {
    const int next = c.at.stage;
    gemm_begin_shared<N>(sum, c, true);
    wgmma_wait<1>();
    c.release(running);
    running = next;
  }
  wgmma_wait<0>();
  c.release(running);
}

// Multiplies by `mine` and meanwhile makes `other` of the next stage, unless `is_last`.
template <WeightForm kForm, int N, int kStages>
DEVICE void gemm_step(float (&sum)[N / 2], GemmConsumer<kStages>& c, GemmFragments& mine, GemmFragments& other,
                      bool adds, bool is_last) {
  constexpr int kBytes = gemm_stage_bytes(kForm, N);
  const int now = c.at.stage;
  gemm_multiply<kForm, N>(sum, c.ring + now * kBytes, adds, [&](int k) -> const u32(&)[4] { return mine[k]; });
  c.at.advance(kStages);
  if (!is_last) {
    c.wait();
    gemm_fragments<kForm>(other, c.ring + c.at.stage * kBytes, c.group);
    wgmma_hold(other);
  }
  wgmma_wait<0>();
  wgmma_hold(mine);
  c.release(now);
}

// The product of `units` stages, weights from registers. The other warpgroup's products fill the time between this
// one's.
template <WeightForm kForm, int N, int kStages>
DEVICE void gemm_run_registers(float (&sum)[N / 2], GemmConsumer<kStages>& c, int units, bool adds) {
  GemmFragments even, odd;
  c.wait();
  gemm_fragments<kForm>(even, c.ring + c.at.stage * gemm_stage_bytes(kForm, N), c.group);
  for (int unit = 0; unit < units; unit += 2) {
    gemm_step<kForm, N>(sum, c, even, odd, adds || unit > 0, unit + 1 == units);
    if (unit + 1 < units) gemm_step<kForm, N>(sum, c, odd, even, true, unit + 2 == units);
  }
}

// Where a thread's sums belong: sum[4 j + e] is row `row` + e / 2 * 8, token 8 j + lane % 4 * 2 + e % 2 of the tile.
DEVICE int gemm_row(const GemmItem& item, int group) {
  return item.row_tile * kGemmRows + group * 64 + thread_index() % 128 / kWarp * 16 + thread_index() % kWarp / 4;
}

// Whatever `use(element of sum, its place in the output)` does, for all that are inside.
template <int N, class Use>
DEVICE void gemm_each_output(float (&sum)[N / 2], const GemmArguments& a, const GemmItem& item, int group, Use use) {
  const int row = gemm_row(item, group), first = item.token_tile * N + thread_index() % 4 * 2;
  float* output = a.output + static_cast<long>(first) * a.output_stride + row;
  UNROLL
  for (int i = 0; i < N / 2; ++i) {
    const int token = i / 4 * 8 + i % 2, below = i % 4 / 2 * 8;
    if (first + token < a.count && row + below < a.rows) {
      use(sum[i], output[static_cast<long>(token) * a.output_stride + below]);
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
  const int group = thread_index() / 128 - 1;
  GemmConsumer<kStages> consumer{ring, barriers, group};
  float sum[N / 2];
  grid_wait();
  for (int i = block_index(); i < items; i += grid_blocks()) {
    const GemmItem item = gemm_item(i, gemm_row_tiles(a.rows), gemm_token_tiles(a.count, N), a.splits);
    const GemmUnits units = gemm_units(a, item);
    // The residual is where the sum begins: all loads on the way at once, and none at the end.
    const bool has_residual = kEnd == GemmEnd::residual && item.part == 0;
    if (has_residual) gemm_each_output<N>(sum, a, item, group, [](float& to, float from) { to = from; });
    if constexpr (kForm == WeightForm::bf16) {
      gemm_run_shared<N>(sum, consumer, units.end - units.begin, has_residual);
    } else {
      gemm_run_registers<kForm, N>(sum, consumer, units.end - units.begin, has_residual);
    }
    wgmma_hold(sum);
    if (a.splits > 1 && !gemm_join<N>(sum, a, item, group, order[group])) continue;
    if constexpr (kEnd == GemmEnd::gated) {
      gemm_end_gated<N>(sum, a, item, group);
    } else {
      gemm_each_output<N>(sum, a, item, group, [](float from, float& to) { to = from; });
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
