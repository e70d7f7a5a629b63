// Sampling (sample.h). sample_tiles reads all logits once and leaves the maximum and the mass of each tile of 512;
// sample_rows, a block a row, reads again only the tiles whose maximum says that they matter.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/sample.h"
#include "gpu/source/sample_block.cu.h"
#include "gpu/source/sample_cut.cu.h"

namespace estoc::gpu {

KERNEL(kSampleTilesThreads, 1, sample_tiles, (SampleArguments a)) {
  grid_release();
  grid_wait();
  constexpr int kEach = kSampleTile / kWarp;
  const int tiles = sample_tile_count(a.columns), lane = thread_index() % kWarp;
  const int tile = block_index() * (kSampleTilesThreads / kWarp) + thread_index() / kWarp;
  const long row = block_index_y();
  if (tile >= tiles || a.rows[row].is_skipped != 0) return;
  const SampleView v = {a.logits + row * a.columns, a.columns, tiles, 0, 0};
  float x[kEach];
  UNROLL
  for (int i = 0; i < kEach; ++i) x[i] = logit_of(v, tile * kSampleTile + i * kWarp + lane);
  float max = x[0];
  UNROLL
  for (int i = 1; i < kEach; ++i) max = x[i] > max ? x[i] : max;
  for (int mask = 16; mask > 0; mask >>= 1) {
    const float other = shuffle_xor(max, mask);
    max = other > max ? other : max;
  }
  const float octaves = a.rows[row].scale * kLog2E, origin = max > -__builtin_huge_valf() ? max : 0;
  float sum = 0;
  UNROLL
  for (int i = 0; i < kEach; ++i) sum += exp2_fast((x[i] - origin) * octaves);
  for (int mask = 16; mask > 0; mask >>= 1) sum += shuffle_xor(sum, mask);
  if (lane == 0) a.tiles[row * tiles + tile] = {max, sum};
}

// Uniform in [0, 1): number n of a seed, as sampling/counter_rng.h has it (SplitMix64).
DEVICE u64 mix_bits(u64 z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
  return z ^ (z >> 31);
}
DEVICE double random_unit(u64 seed, u64 n) {
  constexpr u64 kGamma = 0x9e3779b97f4a7c15ul;
  return static_cast<double>(mix_bits(mix_bits(seed + kGamma) + (n + 1) * kGamma) >> 11) * 0x1p-53;
}

// The least column of the row's maximum, in the first tile that has it.
DEVICE u32 likeliest(SampleShared& s, const SampleView& v) {
  const u64 thread = static_cast<u64>(thread_index());
  const bool has_it = thread_index() < v.tiles && s.tile_max[thread_index()] == v.max;
  const int tile = static_cast<int>(block_min(s.part, has_it ? thread : ~0ul));
  const int column = tile * kSampleTile + thread_index();
  return static_cast<u32>(block_min(s.part, logit_of(v, column) == v.max ? static_cast<u64>(column) : ~0ul));
}

// The thread in whose share of the sum of all shares `target` lies, which becomes the part of the share that is left, 0
// to 1. REQUIRES a sum above 0 and target below 1, a part of the sum.
DEVICE int pick(SampleShared& s, u64 share, double& target) {
  const auto [up_to, all] = block_running_sum(s.scan, s.part, share);
  const u64 wanted = static_cast<u64>(static_cast<double>(all) * target), last = wanted < all ? wanted : all - 1;
  if (last < up_to && last >= up_to - share) {
    s.found[0] = static_cast<u64>(thread_index());
    s.found[1] = last - (up_to - share);
    s.found[2] = share;
  }
  sync_block();
  target = static_cast<double>(s.found[1]) / static_cast<double>(s.found[2]);
  const int picked = static_cast<int>(s.found[0]);
  sync_block();
  return picked;
}

// The largest of the tiles' maxima that so many reach: logits below it are not among the `count` likeliest.
DEVICE float bound_of_top(SampleShared& s, const SampleView& v, int count) {
  if (count > v.tiles) return kLowestLogit;
  const int own = thread_index();
  if (own < v.tiles) {
    const float mine = s.tile_max[own];
    int before = 0;
    NO_UNROLL
    for (int tile = 0; tile < v.tiles; ++tile) {
      before += s.tile_max[tile] > mine || (s.tile_max[tile] == mine && tile < own) ? 1 : 0;
    }
    if (before == count - 1) s.found[0] = f32_to_bits(mine);
  }
  sync_block();
  const float bound = bits_to_f32(static_cast<u32>(s.found[0]));
  sync_block();
  return bound;
}

// Octaves below the maximum from which on all of the row together weigh less than what top_p leaves out.
DEVICE float octaves_of_mass(const SampleView& v, float top_p, u64 mass) {
  const float left_out = (1 - top_p) * static_cast<float>(mass) / static_cast<float>(1ul << kSampleOne);
  const float ratio = static_cast<float>(v.columns) / left_out;
  return static_cast<float>(static_cast<int>(f32_to_bits(ratio) >> 23) - 127 + 2);
}

// What may be drawn: the cut and the last place that it keeps of its bin. Leaves the masses of tiles.
struct SampleKept {
  SampleCut cut;
  u64 last;
};
DEVICE SampleKept keep(SampleShared& s, SampleView& v, const SampleRow& row, u64 mass) {
  const bool has_k = row.top_k > 0 && row.top_k < v.columns, has_p = row.top_p < 1;
  const bool has_m = row.min_p_offset > -__builtin_huge_valf();
  const auto larger_of = [](float x, float y) { return x > y ? x : y; };
  float low = larger_of(kLowestLogit, v.max - kSampleOctaves / v.octaves);
  if (has_m) low = larger_of(low, v.max + (row.min_p_offset < 0 ? row.min_p_offset : 0));
  if (has_k) low = larger_of(low, bound_of_top(s, v, row.top_k));
  if (has_p && !has_k && !has_m) low = larger_of(low, v.max - octaves_of_mass(v, row.top_p, mass) / v.octaves);
  set_low(v, low);
  SampleCut cut;
  bool has_bins = false;
  for (int is_count = has_k ? 1 : 0; is_count >= (has_p || !has_k ? 0 : 1);
       --is_count) {  // one copy of a long function
    if (!has_bins) fill_bins(s, v);
    has_bins = true;
    if (!has_k && has_m) mass = s.bin_mass[kSampleBins - 1];  // of what min_p leaves
    const u64 share = has_p ? static_cast<u64>(static_cast<double>(row.top_p) * static_cast<double>(mass)) : ~0ul;
    const SampleWish wish = {is_count != 0, is_count != 0 ? static_cast<u64>(row.top_k) : share > 0 ? share : 1};
    if (cut.kept > 0 && cut.mass_above < wish.least) {
      cut.kept = first_of_list(s, v, cut, wish, mass);
    } else {
      cut = find_cut(s, v, wish, has_bins, mass);
    }
  }
  for (int i = thread_index(); i < cut.kept; i += kSampleThreads) {
    const float x = logit_at(s.list[i]);
    atomic_add_shared(&s.tile_mass[column_at(s.list[i]) / kSampleTile], mass_of(v, x));
  }
  sync_block();
  return {cut, cut.kept > 0 ? s.list[cut.kept - 1] : ~0ul};
}

DEVICE u32 sample_row(SampleShared& s, const SampleArguments& a, const SampleRow& row) {
  const int own = thread_index(), tiles = sample_tile_count(a.columns);
  SampleView v = {a.logits + static_cast<long>(block_index()) * a.columns, a.columns, tiles, 0, row.scale * kLog2E};
  float own_max = -__builtin_huge_valf(), own_sum = 0;
  if (own < tiles) {
    const SampleTile tile = a.tiles[static_cast<long>(block_index()) * tiles + own];
    own_max = s.tile_max[own] = tile.max;
    own_sum = tile.sum;
  }
  v.max = logit_at(block_max(s.part, place_of(own_max, 0)));
  if (v.max == -__builtin_huge_valf()) return kNoToken;
  if (row.scale == 0 || v.max == __builtin_huge_valf()) return likeliest(s, v);
  const u64 own_mass = to_mass(own_sum * exp2_fast((own_max - v.max) * v.octaves));
  const bool keeps_all =
      row.top_p >= 1 && row.min_p_offset == -__builtin_huge_valf() && (row.top_k <= 0 || row.top_k >= a.columns);
  SampleKept kept{};
  if (keeps_all) {
    if (own < tiles) s.tile_mass[own] = own_mass;
    sync_block();
  } else {
    kept = keep(s, v, row, block_sum(s.part, own_mass));
  }
  double target = random_unit(row.seed, row.position);
  const int tile = pick(s, own < tiles ? s.tile_mass[own] : 0, target);
  // Weights of a tile are relative to its own maximum, which is kept where anything of it is.
  const int column = tile * kSampleTile + own;
  const float x = logit_of(v, column);
  const bool is_in = keeps_all || (x >= v.low && is_kept(kept.cut, v, kept.last, x, column));
  const u64 weight = is_in ? to_mass(exp2_fast((x - s.tile_max[tile]) * v.octaves)) : 0;
  return static_cast<u32>(tile * kSampleTile + pick(s, weight, target));
}

KERNEL(kSampleThreads, 1, sample_rows, (SampleArguments a)) {
  SHARED(shared, SampleShared);
  grid_release();
  grid_wait();
  const SampleRow row = a.rows[block_index()];
  if (row.is_skipped != 0) return;
  const u32 token = sample_row(shared, a, row);
  if (thread_index() == 0) a.tokens[block_index()] = token;
}

}  // namespace estoc::gpu
