// Products of prompts on Hopper (gemm.h): bf16 times bf16 into f32 by warpgroup products.
//
// Weights are the side with 64 rows a warpgroup, tokens the side with up to 256 columns: codes can then come from
// registers, and few tokens waste little. Two producer warps keep a ring of stages full by bulk copies; two warpgroups
// multiply 64 rows of weights each. Blocks stay and take tile after tile, so that one tile's end overlaps the next
// one's loads. Where at most half of a tile of 256 tokens is left, bf16 loads and multiplies half; the two loops that
// takes would spill where weights come from registers.
//
// The blocks of a cluster keep step: each loads its part of every stage's tokens into the rings of all, once the
// consumers of all have freed the stage. Of 256 tokens and bf16 weights tokens are two thirds of what a block loads.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gemm.h"
#include "gpu/source/gemm_tile.cu.h"

#if defined(HAS_WGMMA)
namespace estoc::gpu {

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

// Codes and scales of one stage, 8 tile rows, by the lanes of one warp.
template <WeightForm kForm>
DEVICE void gemm_load_weights(u8* stage, u64* full, const GemmArguments& a, const u8* weights, int row_tile, int unit,
                              int lane) {
  constexpr int kCodes = unit_code_bytes(kForm), kScales = unit_scale_bytes(kForm);
  if (lane >= kGemmTileRows) return;
  const int wanted = row_tile * kGemmTileRows + lane, last = tile_rows_of(a.rows) - 1;
  const u8* tile_row = weights + (wanted < last ? wanted : last) * tile_row_bytes(kForm, a.columns);
  bulk_load(stage + lane * kCodes, tile_row + static_cast<long>(unit) * kCodes, kCodes, full);
  if constexpr (kScales > 0) {
    const u8* scales = tile_row + static_cast<long>(a.columns / kUnitColumns) * kCodes;
    bulk_load(stage + kGemmTileRows * kCodes + lane * kScales, scales + static_cast<long>(unit) * kScales, kScales,
              full);
  }
}

template <WeightForm kForm, int N>
DEVICE void gemm_load_tokens(u8* stage, u64* full, const GemmArguments& a, const GemmCluster& cluster,
                             const GemmItem<N>& item, int tokens, int unit, int lane) {
  if (lane >= tokens / kTokenTile) return;
  const long tile = static_cast<long>(item.token() / kTokenTile + lane) * (a.columns / kUnitColumns) + unit;
  const u8* from = a.inputs + tile * kTokenTileBytes;
  u8* to = stage + kGemmTileRows * (unit_code_bytes(kForm) + unit_scale_bytes(kForm)) + lane * kTokenTileBytes;
  if (cluster.blocks == 1) return bulk_load(to, from, kTokenTileBytes, full);
  const int part = kTokenTileBytes / cluster.blocks, offset = cluster.rank * part;
  bulk_load_cluster(to + offset, from + offset, static_cast<u32>(part), full, (1u << cluster.blocks) - 1);
}

template <WeightForm kForm, int N>
constexpr int kGemmTokensMin = kForm == WeightForm::bf16 && N == 256 ? N / 2 : N;

// What a block or cluster computes in a round, of as many items as there are of them; beyond the last one nothing. They
// take turns in being first: else every second one might get all the tiles that few tokens are left for.
DEVICE int gemm_index(int round, const GemmCluster& cluster) {
  const int clusters = grid_blocks() / cluster.blocks;
  return round * clusters + (block_index() / cluster.blocks + round) % clusters;
}

// Tokens of a tile that are computed.
template <WeightForm kForm, int N>
DEVICE int gemm_item_tokens(const GemmArguments& a, const GemmItem<N>& item) {
  constexpr int kMin = kGemmTokensMin<kForm, N>;
  return a.count - item.token() <= kMin ? kMin : N;
}

// Calls load(stage, item, unit) for all stages that the block multiplies, each when it is free.
template <int N, GemmOf kOf, int kStages, class Load>
DEVICE void gemm_each_stage(GemmBarriers<kStages>& barriers, const GemmArguments& a, const GemmCluster& cluster,
                            Load load) {
  const int items = gemm_items(a.rows, a.count, N, a.splits, cluster.blocks);
  RingPlace at{0, 1};
  for (int round = 0;; ++round) {
    const int index = gemm_index(round, cluster);
    if (index >= items) return;
    const GemmItem<N> item = gemm_item<N, kOf>(a, index, cluster);
    const GemmUnits units = gemm_units(a, item);
    for (int unit = units.begin; unit < units.end; ++unit) {
      barrier_wait(&barriers.empty[at.stage], at.phase);
      load(at.stage, item, unit);
      at.advance(kStages);
    }
  }
}

// The two producer warps. Nobody has written weights since the model was loaded: the first ones are on the way before
// the launch before has ended.
template <WeightForm kForm, int N, GemmOf kOf, int kStages>
DEVICE void gemm_produce_weights(u8* ring, GemmBarriers<kStages>& barriers, const GemmArguments& a,
                                 const GemmCluster& cluster) {
  constexpr int kBytes = gemm_stage_bytes(kForm, N);
  const int lane = thread_index() % kWarp;
  gemm_each_stage<N, kOf>(barriers, a, cluster, [&](int stage, const GemmItem<N>& item, int unit) {
    const int missing = (N - gemm_item_tokens<kForm, N>(a, item)) / kTokenTile * kTokenTileBytes;
    if (lane == 0) barrier_expect(&barriers.full[stage], kBytes - missing);
    sync_warp();
    gemm_load_weights<kForm>(ring + stage * kBytes, &barriers.full[stage], a, gemm_weights<kOf>(a, item), item.row_tile,
                             unit, lane);
  });
}
template <WeightForm kForm, int N, GemmOf kOf, int kStages>
DEVICE void gemm_produce_tokens(u8* ring, GemmBarriers<kStages>& barriers, const GemmArguments& a,
                                const GemmCluster& cluster) {
  constexpr int kBytes = gemm_stage_bytes(kForm, N);
  const int lane = thread_index() % kWarp;
  grid_wait();
  gemm_each_stage<N, kOf>(barriers, a, cluster, [&](int stage, const GemmItem<N>& item, int unit) {
    gemm_load_tokens<kForm>(ring + stage * kBytes, &barriers.full[stage], a, cluster, item,
                            gemm_item_tokens<kForm, N>(a, item), unit, lane);
  });
}

// A warp's weights of one stage for products from registers.
template <WeightForm kForm>
DEVICE void gemm_stage_fragments(GemmFragments<kForm>& fragments, const u8* stage, int group) {
  constexpr int kCodes = unit_code_bytes(kForm), kScales = unit_scale_bytes(kForm);
  using Scales = decltype(LaneWeights<kForm>::scales);
  const int lane = thread_index() % kWarp, tile_row = group * 4 + thread_index() % 128 / kWarp;
  const u8* codes = stage + tile_row * kCodes + (is_plain(kForm) ? lane % 4 * 128 + lane / 4 * 16 : lane * 16);
  LaneWeights<kForm> w;
  if constexpr (is_plain(kForm)) {
    UNROLL
    for (int k = 0; k < 4; ++k) w.codes[k] = *reinterpret_cast<const Words4*>(codes + k / 2 * 1024 + k % 2 * 512);
  } else {
    w.codes[0] = *reinterpret_cast<const Words4*>(codes);
    if constexpr (is_codes8(kForm)) w.codes[1] = *reinterpret_cast<const Words4*>(codes + 512);
    w.scales = *reinterpret_cast<const Scales*>(stage + kGemmTileRows * kCodes + tile_row * kScales +
                                                lane / 4 * (kScales / 8));
  }
  gemm_fragments<kForm>(fragments, w);
}

// Adds the product of one stage to `sum`; left running. `weight(k)` is the operand of columns 16 k and on, beyond the
// fourth once more.
template <WeightForm kForm, int N, int kSteps, class Weight>
DEVICE void gemm_multiply(float (&sum)[N / 2], const u8* stage, bool adds, Weight weight) {
  const u64 x = tile_descriptor(stage + kGemmTileRows * (unit_code_bytes(kForm) + unit_scale_bytes(kForm)), 128, 1024,
                                Swizzle::none);
  wgmma_fence();
  UNROLL
  for (int k = 0; k < kSteps; ++k) wgmma_bf16<N>(sum, weight(k), x + k % 4 * 16, adds || k > 0);  // 256 bytes further
  wgmma_commit();
}

// Where a consumer stands: the ring, and its warpgroup.
template <int kStages, int kStageBytes>
struct GemmConsumer {
  const u8* ring;
  GemmBarriers<kStages>& barriers;
  int group, blocks;  // of the cluster
  RingPlace at = {};

  DEVICE const u8* stage() const { return ring + at.stage * kStageBytes; }
  DEVICE void wait() const { barrier_wait(&barriers.full[at.stage], at.phase); }
  DEVICE void release(int stage) const {
    const int lane = thread_index() % kWarp;
    if (blocks == 1) {
      if (lane == 0) barrier_arrive(&barriers.empty[stage]);
    } else if (lane < blocks) {
      barrier_arrive_cluster(&barriers.empty[stage], lane);
    }
  }
};

// Multiplies the consumer's stage, weights from shared memory, and goes on to the next; left running.
template <int N, int kStages, int kStageBytes>
DEVICE void gemm_begin_shared(float (&sum)[N / 2], GemmConsumer<kStages, kStageBytes>& c, bool adds) {
  constexpr WeightForm kForm = WeightForm::bf16;
  c.wait();
  const u64 w = tile_descriptor(c.stage() + c.group * 4 * unit_code_bytes(kForm), 128, 1024, Swizzle::none);
  gemm_multiply<kForm, N, 4>(sum, c.stage(), adds, [&](int k) { return w + k * 16; });
  c.at.advance(kStages);
}

// The product of `units` stages: the next is begun before the one before it is waited for. The first stands alone, so
// that the loop's sums come from products only: ptxas would otherwise let none overlap (its warning C7515).
template <int N, int kStages, int kStageBytes>
DEVICE void gemm_run_shared(float (&sum)[N / 2], GemmConsumer<kStages, kStageBytes>& c, int units, bool adds) {
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
template <WeightForm kForm, int N, int kStages, int kStageBytes>
DEVICE void gemm_step(float (&sum)[N / 2], GemmConsumer<kStages, kStageBytes>& c, GemmFragments<kForm>& mine,
                      GemmFragments<kForm>& other, bool adds, bool is_last) {
  constexpr int kSteps = sizeof(mine) / sizeof(mine[0]);
  const int now = c.at.stage;
  gemm_multiply<kForm, N, kSteps>(sum, c.stage(), adds, [&](int k) -> const u32(&)[4] { return mine[k]; });
  c.at.advance(kStages);
  if (!is_last) {
    c.wait();
    gemm_stage_fragments<kForm>(other, c.stage(), c.group);
    wgmma_hold(other);
  }
  wgmma_wait<0>();
  wgmma_hold(mine);
  c.release(now);
}

// The product of `units` stages, weights from registers. The other warpgroup's products fill the time between this
// one's.
template <WeightForm kForm, int N, int kStages, int kStageBytes>
DEVICE void gemm_run_registers(float (&sum)[N / 2], GemmConsumer<kStages, kStageBytes>& c, int units, bool adds) {
  GemmFragments<kForm> even, odd;
  c.wait();
  gemm_stage_fragments<kForm>(even, c.stage(), c.group);
  for (int unit = 0; unit < units; unit += 2) {
    gemm_step<kForm, N>(sum, c, even, odd, adds || unit > 0, unit + 1 == units);
    if (unit + 1 < units) gemm_step<kForm, N>(sum, c, odd, even, true, unit + 2 == units);
  }
}

// An item of a kernel for tiles of `kTokens`, the first N of which are computed.
template <WeightForm kForm, int kTokens, int N, GemmEnd kEnd, GemmOf kOf, int kStages, int kStageBytes>
DEVICE void gemm_consume_item(GemmConsumer<kStages, kStageBytes>& consumer, const GemmArguments& a,
                              const GemmItem<kTokens>& item, u32& order) {
  const int group = consumer.group;
  const GemmUnits units = gemm_units(a, item);
  float sum[N / 2];
  // The residual is where the sum begins: all loads on the way at once, and none at the end.
  const bool has_residual = kEnd == GemmEnd::residual && item.part == 0;
  if (has_residual) gemm_each_output<N>(sum, a, item, group, [](float& to, float from) { to = from; });
  if constexpr (kForm == WeightForm::bf16) {
    gemm_run_shared<N>(sum, consumer, units.end - units.begin, has_residual);
  } else {
    gemm_run_registers<kForm, N>(sum, consumer, units.end - units.begin, has_residual);
  }
  wgmma_hold(sum);
  if (kOf == GemmOf::all && a.splits > 1 && !gemm_join<N>(sum, a, item, group, order)) return;
  gemm_end<N, kEnd, kOf>(sum, a, item, group);
}

template <WeightForm kForm, int N, GemmEnd kEnd, GemmOf kOf, int kStages>
DEVICE void gemm_consume(const u8* ring, GemmBarriers<kStages>& barriers, const GemmArguments& a,
                         const GemmCluster& cluster, u32 (&order)[2]) {
  const int group = thread_index() / 128 - 1, items = gemm_items(a.rows, a.count, N, a.splits, cluster.blocks);
  GemmConsumer<kStages, gemm_stage_bytes(kForm, N)> consumer{ring, barriers, group, cluster.blocks};
  grid_wait();
  for (int round = 0;; ++round) {
    const int index = gemm_index(round, cluster);
    if (index >= items) break;
    const GemmItem<N> item = gemm_item<N, kOf>(a, index, cluster);
    if (gemm_item_tokens<kForm, N>(a, item) < N) {
      gemm_consume_item<kForm, N, kGemmTokensMin<kForm, N>, kEnd, kOf>(consumer, a, item, order[group]);
    } else {
      gemm_consume_item<kForm, N, N, kEnd, kOf>(consumer, a, item, order[group]);
    }
  }
}

DEVICE void gemm_meet(const GemmCluster& cluster) {
  if (cluster.blocks == 1) return sync_block();
  cluster_arrive();
  cluster_wait();
}

template <WeightForm kForm, int N, GemmEnd kEnd, GemmOf kOf = GemmOf::all>
DEVICE void gemm(const GemmArguments& a) {
  constexpr int kStages = gemm_stages(kForm, N);
  DYNAMIC_SHARED(ring);
  SHARED(barriers, GemmBarriers<kStages>);
  SHARED(order, u32[2]);
  const GemmCluster cluster{cluster_blocks(), cluster_rank()};
  if (thread_index() == 0) {
    for (int s = 0; s < kStages; ++s) {
      barrier_init(&barriers.full[s], 1);
      barrier_init(&barriers.empty[s], static_cast<u32>(8 * cluster.blocks));  // a warp of the warpgroups each
    }
    barrier_fence();
  }
  gemm_meet(cluster);
  grid_release();
  if (thread_index() < 128) {
    registers_give<40>();
    if (thread_index() < kWarp) {
      gemm_produce_weights<kForm, N, kOf>(ring, barriers, a, cluster);
    } else if (thread_index() < 2 * kWarp) {
      gemm_produce_tokens<kForm, N, kOf>(ring, barriers, a, cluster);
    }
  } else {
    registers_take<232>();
    gemm_consume<kForm, N, kEnd, kOf>(ring, barriers, a, cluster, order);
  }
  if (cluster.blocks > 1) gemm_meet(cluster);  // others still tell this block what they have freed
}

}  // namespace estoc::gpu
#endif
