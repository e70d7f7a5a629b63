// Products of prompts where there are no warpgroup products (gemm.h): bf16 times bf16 into f32 by mma.sync.
//
// Kept simple. Eight warps, a tile row each; weights and tokens go from memory to registers in the order of fragments,
// the next unit's weights while this one's are multiplied. All eight read the same tokens, which the L1 has from the
// first: its rate is what bounds this, two loads of a word a product.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gemm.h"
#include "gpu/source/gemm_tile.cu.h"

#if defined(IS_EMULATED) || !defined(HAS_WGMMA)
namespace estoc::gpu {

// Pairs of columns of the lane's token for step `k` of 16 columns, from where the lane's words of a tile begin.
template <WeightForm kForm>
DEVICE Words2 token_pairs(const u8* words, int k) {
  if constexpr (gemm_order(kForm) == ColumnOrder::plain) {
    return *reinterpret_cast<const Words2*>(words + k / 2 * 512 + k % 2 * 8);
  } else {
    return {*reinterpret_cast<const u32*>(words + k * 256), *reinterpret_cast<const u32*>(words + k * 256 + 128)};
  }
}

template <WeightForm kForm, int N>
DEVICE void gemm_mma_unit(float (&sum)[N / 2], const GemmFragments<kForm>& weights, const u8* words,
                          long token_stride) {
  UNROLL
  for (int n = 0; n < N / 8; ++n) {
    float(&mine)[4] = *reinterpret_cast<float(*)[4]>(&sum[4 * n]);
    const u8* from = words + n / 8 * token_stride + n % 8 * 1024;
    UNROLL
    for (int k = 0; k < 4; ++k) {
      const Words2 x = token_pairs<kForm>(from, k);
      mma_bf16(mine, weights[k], x.v[0], x.v[1]);
      if constexpr (kForm == WeightForm::f16) mma_bf16(mine, weights[4 + k], x.v[0], x.v[1]);
    }
  }
}

// Adds the product of an item's columns to `sum`.
template <WeightForm kForm, GemmOf kOf, int N>
DEVICE void gemm_mma_run(float (&sum)[N / 2], const GemmArguments& a, const GemmItem<N>& item, int group) {
  const int lane = thread_index() % kWarp, column_tiles = a.columns / kUnitColumns;
  const int wanted = item.row_tile * kGemmTileRows + group * 4 + thread_index() % 128 / kWarp,
            last = tile_rows_of(a.rows) - 1;
  const u8* tile_row = gemm_weights<kOf>(a, item) + (wanted < last ? wanted : last) * tile_row_bytes(kForm, a.columns);
  const GemmUnits units = gemm_units(a, item);
  LaneSource<kForm> from = lane_source<kForm>(tile_row, column_tiles, units.begin, lane);
  const long token_stride = static_cast<long>(column_tiles) * kTokenTileBytes;
  const int own_word = gemm_order(kForm) == ColumnOrder::plain ? lane % 4 * 128 + lane / 4 * 16 : lane * 4;
  const u8* words =
      a.inputs + item.token() / kTokenTile * token_stride + static_cast<long>(units.begin) * kTokenTileBytes + own_word;
  LaneWeights<kForm> next = load_unit<kForm>(from, 0);
  for (int unit = units.begin; unit < units.end; ++unit) {
    GemmFragments<kForm> weights;
    gemm_fragments<kForm>(weights, next);
    from.advance(1);
    if (unit + 1 < units.end) next = load_unit<kForm>(from, 0);
    gemm_mma_unit<kForm, N>(sum, weights, words, token_stride);
    words += kTokenTileBytes;
  }
}

// The first 128 threads, which bring the stages where there are any, have nothing to do.
template <WeightForm kForm, int N, GemmEnd kEnd, GemmOf kOf = GemmOf::all>
DEVICE void gemm_mma(const GemmArguments& a) {
  SHARED(order, u32[2]);
  if (thread_index() < 128) return;
  const int group = thread_index() / 128 - 1;
  grid_release();
  grid_wait();
  const int items = gemm_items(a.rows, a.count, N, a.splits, 1);
  for (int i = block_index(); i < items; i += grid_blocks()) {
    const GemmItem<N> item = gemm_item<N, kOf>(a, i, {});
    float sum[N / 2];
    UNROLL
    for (int k = 0; k < N / 2; ++k) sum[k] = 0;
    if (kEnd == GemmEnd::residual && item.part == 0) {
      gemm_each_output<N>(sum, a, item, group, [](float& to, float from) { to = from; });
    }
    gemm_mma_run<kForm, kOf>(sum, a, item, group);
    if (kOf == GemmOf::all && a.splits > 1 && !gemm_join<N>(sum, a, item, group, order[group])) continue;
    gemm_end<N, kEnd, kOf>(sum, a, item, group);
  }
}

}  // namespace estoc::gpu
#endif
