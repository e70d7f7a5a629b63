// Products of prompts, whatever multiplies (gemm.h): which tile a block takes next, weights that have met their scale,
// and where sums go.
//
// Up to 16 tiles of tokens are finished for all rows before the next ones, so that they stay in the L2.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gate.cu.h"
#include "gpu/source/gemm.h"
#include "gpu/source/linear_unit.cu.h"

namespace estoc::gpu {

constexpr int kGemmTileRows = kGemmRows / kTileRows;

enum class GemmEnd { store, residual, gated };

// Of a kernel for tiles of so many tokens.
template <int kTokens>
struct GemmItem {
  int row_tile, token_tile, part, tile;
  int expert = 0;
  DEVICE int token() const { return token_tile * kTokens; }  // the first
};

// Blocks that take neighbouring row tiles of an item.
struct GemmCluster {
  int blocks = 1, rank = 0;
};

// Of a launch with so many row tiles, by the cluster, and tiles of tokens.
template <int kTokens>
DEVICE GemmItem<kTokens> gemm_item(int index, int row_groups, int token_tiles, int splits,
                                   const GemmCluster& cluster = {}) {
  constexpr int kTogether = 16;
  const int tile = index / splits, per_group = row_groups * kTogether, group = tile / per_group,
            inside = tile % per_group;
  const int left = token_tiles - group * kTogether, width = left < kTogether ? left : kTogether;
  return {inside / width * cluster.blocks + cluster.rank, group * kTogether + inside % width, index % splits, tile};
}
// Whose matrices are multiplied: one for all tokens, or each tile's expert's.
enum class GemmOf { all, experts };

// Of experts nobody but the device knows how many tokens there are.
DEVICE GemmArguments gemm_expert_arguments(const GemmArguments& a) {
  GemmArguments known = a;
  grid_wait();
  known.count = *a.tile_count * kGemmExpertTokens;
  known.splits = 1;
  return known;
}

// The same of a launch's arguments.
template <int kTokens, GemmOf kOf>
DEVICE GemmItem<kTokens> gemm_item(const GemmArguments& a, int index, const GemmCluster& cluster) {
  const int row_groups = (gemm_row_tiles(a.rows) + cluster.blocks - 1) / cluster.blocks;
  auto item = gemm_item<kTokens>(index, row_groups, gemm_token_tiles(a.count, kTokens), a.splits, cluster);
  if (kOf == GemmOf::experts) item.expert = a.tile_experts[item.token_tile];
  return item;
}
template <GemmOf kOf, int kTokens>
DEVICE const u8* gemm_weights(const GemmArguments& a, const GemmItem<kTokens>& item) {
  return kOf == GemmOf::experts ? a.weights + item.expert * a.expert_bytes : a.weights;
}

// The units of an item's columns.
struct GemmUnits {
  int begin, end;
};
template <int kTokens>
DEVICE GemmUnits gemm_units(const GemmArguments& a, const GemmItem<kTokens>& item) {
  const int units = a.columns / kUnitColumns;
  return {units * item.part / a.splits, units * (item.part + 1) / a.splits};
}

// A lane's weights of one unit as bf16: fragments of 16 rows x 16 columns. f16 has what is left of them behind.
template <WeightForm kForm>
using GemmFragments = u32[kForm == WeightForm::f16 ? 8 : 4][4];

// Codes times scale, plus minimum, rounded to bf16. Lanes t = 0 and 1 have a group's lower 16 columns, 2 and 3 the
// upper.
template <WeightForm kForm>
DEVICE void scaled_fragment(u32 (&a)[4], const LaneWeights<kForm>& w, int j, int step) {
  fragment_of<kForm>(a, w, j, step);
  const bool is_upper = kForm == WeightForm::codes8_16 && thread_index() % 4 >= 2;
  UNROLL
  for (int i = 0; i < 4; ++i) {
    const u32 seconds = w.scales.v[has_second(kForm) ? 2 + j : j];
    const float scale = is_upper ? f16_to_f32(seconds >> i % 2 * 16 & 0xffff) : scale_of<kForm>(w, j, i % 2);
    const float minimum = has_minimum(kForm) ? f16_to_f32(seconds >> i % 2 * 16 & 0xffff) : 0;
    a[i] = pack_bf16x2(bits_to_f32(a[i] << 16) * scale + minimum, bits_to_f32(a[i] & 0xffff0000u) * scale + minimum);
  }
}

template <WeightForm kForm>
DEVICE void gemm_fragments(GemmFragments<kForm>& fragments, const LaneWeights<kForm>& w) {
  UNROLL
  for (int k = 0; k < 4; ++k) {
    if constexpr (is_plain(kForm)) {
      fragment_of<kForm>(fragments[k], w, k / 2, k % 2);
    } else {
      scaled_fragment<kForm>(fragments[k], w, k / 2, k % 2);
    }
    UNROLL
    for (int i = 0; i < 4 && kForm == WeightForm::f16; ++i) {
      const SplitPair split = split_f16(fragments[k][i]);
      fragments[k][i] = split.nearest;
      fragments[kForm == WeightForm::f16 ? 4 + k : k][i] = split.rest;
    }
  }
}

// Where sums belong: two groups of 128 threads have 64 rows each, the second to the last of a block. sum[4 j + e] is
// row `row` + e / 2 * 8, token 8 j + lane % 4 * 2 + e % 2 of the tile.
template <int kTokens>
DEVICE int gemm_row(const GemmItem<kTokens>& item, int group) {
  return item.row_tile * kGemmRows + group * 64 + thread_index() % 128 / kWarp * 16 + thread_index() % kWarp / 4;
}

// Whatever `use(element of sum, its place in the output)` does, for all that are inside.
template <int N, int kTokens, class Use>
DEVICE void gemm_each_output(float (&sum)[N / 2], const GemmArguments& a, const GemmItem<kTokens>& item, int group,
                             Use use) {
  const int row = gemm_row(item, group), first = item.token() + thread_index() % 4 * 2;
  float* output = a.output + static_cast<long>(first) * a.output_stride + row;
  UNROLL
  for (int i = 0; i < N / 2; ++i) {
    const int token = i / 4 * 8 + i % 2, below = i % 4 / 2 * 8;
    if (first + token < a.count && row + below < a.rows) {
      use(sum[i], output[static_cast<long>(token) * a.output_stride + below]);
    }
  }
}

template <int N, GemmOf kOf, int kTokens>
DEVICE void gemm_end_gated(const float (&sum)[N / 2], const GemmArguments& a, const GemmItem<kTokens>& item,
                           int group) {
  const int lane = thread_index() % kWarp;
  const int pair = (item.row_tile * kGemmRows + group * 64 + thread_index() % 128 / kWarp * 16) / 4 + lane % 4;
  UNROLL
  for (int j = 0; j < N / 8; ++j) {
    float value[2];
    UNROLL
    for (int e = 0; e < 2; ++e) {
      const float gate = sum[4 * j + e], up = sum[4 * j + 2 + e];
      value[e] = kOf == GemmOf::experts ? gated_up(gate, up, a.gate) : gated(gate, a.gate) * up;
    }
    const u32 both = transpose_8x8(pack_bf16x2(value[0], value[1]));  // two outputs of token lane / 4
    const int token = item.token() + j * 8 + lane / 4;
    if (token < a.count && pair * 4 < a.rows) {
      *reinterpret_cast<u32*>(a.activated + token_pair_offset(a.order, token, pair, a.rows / 2 / kTokenTile)) = both;
    }
  }
}

template <int kTokens>
DEVICE float* gemm_part(const GemmArguments& a, const GemmItem<kTokens>& item, int part, int group) {
  return a.partial + ((static_cast<long>(item.tile) * a.splits + part) * 2 + group) * (64 * kTokens) +
         thread_index() % 128 * 4;
}

// Leaves this block's part of a tile for the others. True for the group that came last: `sum` is then the whole.
template <int N, int kTokens>
DEVICE bool gemm_join(float (&sum)[N / 2], const GemmArguments& a, const GemmItem<kTokens>& item, int group,
                      u32& order) {
  float* mine = gemm_part(a, item, item.part, group);
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
    const float* from = gemm_part(a, item, part, group);
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

// What a group does with its sums of an item behind the products.
template <int N, GemmEnd kEnd, GemmOf kOf, int kTokens>
DEVICE void gemm_end(float (&sum)[N / 2], const GemmArguments& a, const GemmItem<kTokens>& item, int group) {
  if ((kOf == GemmOf::experts || kEnd == GemmEnd::store) && a.bias != nullptr) {
    const int row = gemm_row(item, group);
    const float* biases = kOf == GemmOf::experts ? a.bias + static_cast<long>(item.expert) * a.rows : a.bias;
    const float bias[2] = {row < a.rows ? biases[row] : 0, row + 8 < a.rows ? biases[row + 8] : 0};
    UNROLL
    for (int i = 0; i < N / 2; ++i) sum[i] += bias[i % 4 / 2];
  }
  if constexpr (kEnd == GemmEnd::gated) {
    gemm_end_gated<N, kOf>(sum, a, item, group);
  } else {
    gemm_each_output<N>(sum, a, item, group, [](float from, float& to) { to = from; });
  }
}

}  // namespace estoc::gpu
