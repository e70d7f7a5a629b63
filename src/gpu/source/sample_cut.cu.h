// Which tokens of a row may be drawn (sample.h): a prefix of all tokens in the order of likelihood, and its mass by
// tiles.
//
// A token's place in the order is one number, its logit's bits turned so that they compare as integers, above its id's
// complement; no two are the same. All cuts keep those from a place on. That place is looked for in 256 bins of
// distance from the maximum, of which most rows need few tiles, and in the one bin it falls into by sorting; a bin of
// too many tokens is cut into 256 parts of its places first.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/sample.h"
#include "gpu/source/sample_block.cu.h"

namespace estoc::gpu {

inline constexpr int kSampleBins = 256;
inline constexpr int kSampleList = 2048;   // tokens that are sorted
inline constexpr int kSampleOne = 40;      // the likeliest token weighs 2^40
inline constexpr int kSampleOctaves = 45;  // what is further below the likeliest weighs nothing
inline constexpr float kLowestLogit = -3.4028234663852886e38f;

struct SampleShared {
  float tile_max[kSampleTilesMax];
  u64 tile_mass[kSampleTilesMax];  // of what is kept
  u64 list[kSampleList];
  u64 scan[kSampleThreads];
  u64 part[kSampleThreads / kWarp];
  u64 bin_count[kSampleBins], bin_mass[kSampleBins];  // of a bin and those before it
  u32 count[kSampleBins], upper[kSampleBins], lower[kSampleBins];
  u64 found[3];
  u32 listed;
};

// One row; the same in all threads.
struct SampleView {
  const float* logits;
  int columns, tiles;
  float max;
  float octaves;             // of weight in one unit of logits
  float low = kLowestLogit;  // what is below is not looked at
  float bins = 0;            // in half a unit of logits
  float bin_octaves = 0;     // of weight from a bin to the next
};

DEVICE u64 place_of(float x, int column) {
  const u32 bits = f32_to_bits(x + 0.0f);  // -0 is 0
  const u32 ordered = bits ^ ((bits >> 31) != 0 ? 0xffffffffu : 0x80000000u);
  return static_cast<u64>(ordered) << 32 | (0xffffffffu - static_cast<u32>(column));
}
DEVICE float logit_at(u64 place) {
  const u32 ordered = static_cast<u32>(place >> 32);
  return bits_to_f32(ordered ^ ((ordered >> 31) != 0 ? 0x80000000u : 0xffffffffu));
}
DEVICE int column_at(u64 place) { return static_cast<int>(0xffffffffu - static_cast<u32>(place)); }

// NaN is as good as -inf.
DEVICE float logit_of(const SampleView& v, int column) {
  const float x = column < v.columns ? v.logits[column] : -__builtin_huge_valf();
  return x > -__builtin_huge_valf() ? x : -__builtin_huge_valf();
}
DEVICE u64 to_mass(float weight) { return static_cast<u64>(weight * static_cast<float>(1ull << kSampleOne)); }
DEVICE u64 mass_of(const SampleView& v, float x) { return to_mass(exp2_fast((x - v.max) * v.octaves)); }

// By halves, which do not leave the range of float.
DEVICE int bin_of(const SampleView& v, float x) {
  const float bin = (v.max * 0.5f - x * 0.5f) * v.bins;
  return bin < static_cast<float>(kSampleBins - 1) ? static_cast<int>(bin) : kSampleBins - 1;
}
DEVICE void set_low(SampleView& v, float low) {
  v.low = low;
  const float half = v.max * 0.5f - low * 0.5f;
  const float bins = half > 0 ? static_cast<float>(kSampleBins) / half : 0;
  v.bins = bins < -kLowestLogit ? bins : -kLowestLogit;
  v.bin_octaves = half * v.octaves * (2.0f / kSampleBins);
}
// Whole octaves of weight between the likeliest token and a bin's first.
DEVICE int bin_octave(const SampleView& v, int bin) {
  const float octave = static_cast<float>(bin) * v.bin_octaves;
  return octave < kSampleOctaves ? static_cast<int>(octave) : kSampleOctaves;
}

// Logits of a warp that are on the way together: lane + 32 i of those from a column on.
inline constexpr int kSampleEach = 8;

// Calls use(tile, column, x) with the warp's logits from `column` on, for each tile that reaches the view.
template <class Use>
DEVICE void each_tile(const SampleShared& s, const SampleView& v, Use use) {
  for (int tile = thread_index() / kWarp; tile < v.tiles; tile += kSampleThreads / kWarp) {
    if (!(s.tile_max[tile] >= v.low)) continue;
    NO_UNROLL
    for (int first = 0; first < kSampleTile; first += kSampleEach * kWarp) {
      const int column = tile * kSampleTile + first + thread_index() % kWarp;
      float x[kSampleEach];
      UNROLL
      for (int i = 0; i < kSampleEach; ++i) x[i] = logit_of(v, column + i * kWarp);
      use(tile, column, x);
    }
  }
}

// A place of the order, and where the search for it stands: in a bin, at places low to high.
struct SampleCut {
  int bin = kSampleBins;  // this many: nothing is cut
  u64 low = 0, high = ~0ul;
  u64 count_above = 0, mass_above = 0;  // of what is kept whatever the search will find
  int listed = 0;                       // tokens in the list, sorted, of which
  int kept = 0;                         // the first are kept
};

DEVICE bool is_inside(const SampleCut& c, int bin, u64 place) {
  return bin == c.bin && place >= c.low && place <= c.high;
}
DEVICE bool is_above(const SampleCut& c, int bin, u64 place) { return bin < c.bin || (bin == c.bin && place > c.high); }

DEVICE void clear_bins(SampleShared& s) {
  for (int i = thread_index(); i < kSampleBins; i += kSampleThreads) s.count[i] = s.upper[i] = s.lower[i] = 0;
  sync_block();
}
// A token's weight in 24 bits behind `octave`, in two sums that 2^18 tokens do not overflow.
DEVICE void add_to_bin(SampleShared& s, const SampleView& v, int bin, float x, int octave) {
  const float weight = exp2_fast((x - v.max) * v.octaves + static_cast<float>(octave));
  const u32 bits = static_cast<u32>(weight * 0x1p24f + 0.5f);
  atomic_add_shared(&s.count[bin], 1u);
  atomic_add_shared(&s.upper[bin], bits >> 12);
  atomic_add_shared(&s.lower[bin], bits & 0xfff);
}
// Counts and masses of bins, each with those before it. `octave(bin)` is what add_to_bin was given.
template <class Octave>
DEVICE void sum_bins(SampleShared& s, Octave octave) {
  sync_block();
  const int bin = thread_index();
  const bool is_bin = bin < kSampleBins;
  const u64 count = is_bin ? s.count[bin] : 0;
  const u64 bits = is_bin ? (static_cast<u64>(s.upper[bin]) << 12) + s.lower[bin] : 0;
  const u64 counts = block_running_sum(s.scan, s.part, count).up_to;
  const u64 masses = block_running_sum(s.scan, s.part, bits << (kSampleOne - 24) >> (is_bin ? octave(bin) : 0)).up_to;
  if (is_bin) {
    s.bin_count[bin] = counts;
    s.bin_mass[bin] = masses;
  }
  sync_block();
}

DEVICE void fill_bins(SampleShared& s, const SampleView& v) {
  clear_bins(s);
  each_tile(s, v, [&](int, int, const auto& x) INLINE {
    UNROLL
    for (int i = 0; i < kSampleEach; ++i) {
      if (!(x[i] >= v.low)) continue;
      const int bin = bin_of(v, x[i]);
      add_to_bin(s, v, bin, x[i], bin_octave(v, bin));
    }
  });
  sum_bins(s, [&](int bin) { return bin_octave(v, bin); });
}

// What a cut looks for: the least prefix of so many tokens, or of so much mass.
struct SampleWish {
  bool is_count;
  u64 least;
};

// The first bin whose count or mass, with those before it, is at least `wanted`, and what is before it; kSampleBins
// when none is.
struct FirstBin {
  int bin;
  u64 count, mass;
};
DEVICE FirstBin first_bin(SampleShared& s, bool is_count, u64 wanted) {
  const int bin = thread_index();
  if (bin == 0) s.found[0] = kSampleBins;
  sync_block();
  if (bin < kSampleBins) {
    const u64(&sums)[kSampleBins] = is_count ? s.bin_count : s.bin_mass;
    if (sums[bin] >= wanted && (bin == 0 || sums[bin - 1] < wanted)) {
      s.found[0] = static_cast<u64>(bin);
      s.found[1] = bin == 0 ? 0 : s.bin_count[bin - 1];
      s.found[2] = bin == 0 ? 0 : s.bin_mass[bin - 1];
    }
  }
  sync_block();
  const FirstBin first = {static_cast<int>(s.found[0]), s.found[1], s.found[2]};
  sync_block();
  return first;
}

// Gathers what is inside the cut into the list and leaves the masses above it; the number inside, which may be more
// than the list took, and its least and greatest place in `low` and `high`.
DEVICE void gather(SampleShared& s, const SampleView& v, SampleCut& c) {
  if (thread_index() == 0) s.listed = 0;
  for (int tile = thread_index(); tile < v.tiles; tile += kSampleThreads) s.tile_mass[tile] = 0;
  sync_block();
  u64 least = ~0ul, greatest = 0;
  each_tile(s, v, [&](int tile, int column, const auto& x) INLINE {
    if (bin_of(v, s.tile_max[tile]) > c.bin) return;
    u64 mass = 0;
    UNROLL
    for (int i = 0; i < kSampleEach; ++i) {
      if (!(x[i] >= v.low)) continue;
      const int bin = bin_of(v, x[i]);
      const u64 place = place_of(x[i], column + i * kWarp);
      if (is_above(c, bin, place)) mass += mass_of(v, x[i]);
      if (!is_inside(c, bin, place)) continue;
      const u32 at = atomic_add_shared(&s.listed, 1u);
      if (at < kSampleList) s.list[at] = place;
      least = place < least ? place : least;
      greatest = place > greatest ? place : greatest;
    }
    mass = warp_sum(mass);
    if (thread_index() % kWarp == 0) s.tile_mass[tile] += mass;
  });
  c.low = block_min(s.part, least);
  c.high = block_max(s.part, greatest);
  c.listed = static_cast<int>(s.listed);
  sync_block();
}

// Cuts what is inside into 256 parts of places and goes into the one that the wish falls into.
DEVICE void narrow(SampleShared& s, const SampleView& v, SampleCut& c, const SampleWish& wish) {
  int shift = 0;
  while ((c.high - c.low) >> shift >= static_cast<u64>(kSampleBins)) ++shift;
  const int octave = bin_octave(v, c.bin);
  clear_bins(s);
  each_tile(s, v, [&](int, int column, const auto& x) INLINE {
    UNROLL
    for (int i = 0; i < kSampleEach; ++i) {
      if (!(x[i] >= v.low)) continue;
      const u64 place = place_of(x[i], column + i * kWarp);
      if (!is_inside(c, bin_of(v, x[i]), place)) continue;
      add_to_bin(s, v, static_cast<int>((c.high - place) >> shift), x[i], octave);
    }
  });
  sum_bins(s, [&](int) { return octave; });
  const u64 above = wish.is_count ? c.count_above : c.mass_above;
  const u64 all = (wish.is_count ? s.bin_count : s.bin_mass)[kSampleBins - 1];
  const u64 wanted = wish.least - above < all ? wish.least - above : all;  // rounding may leave less than there seemed
  const FirstBin part = first_bin(s, wish.is_count, wanted);
  c.count_above += part.count;
  c.mass_above += part.mass;
  const u64 high = c.high - (static_cast<u64>(part.bin) << shift), width = 1ul << shift;
  c.low = high - c.low < width ? c.low : high - width + 1;
  c.high = high;
}

// How many of the sorted list reach the wish; all when they do not. `mass` becomes that of what is kept.
DEVICE int first_of_list(SampleShared& s, const SampleView& v, const SampleCut& c, const SampleWish& wish, u64& mass) {
  constexpr int kEach = kSampleList / kSampleThreads;
  const int begin = thread_index() * kEach;
  u64 masses[kEach], sum = 0;
  UNROLL
  for (int i = 0; i < kEach; ++i) {
    masses[i] = begin + i < c.listed ? mass_of(v, logit_at(s.list[begin + i])) : 0;
    sum += masses[i];
  }
  u64 before = c.mass_above + block_running_sum(s.scan, s.part, sum).up_to - sum;
  if (thread_index() == kSampleThreads - 1) {
    s.found[0] = static_cast<u64>(c.listed);
    s.found[1] = before + sum;
  }
  sync_block();
  UNROLL
  for (int i = 0; i < kEach; ++i) {
    const u64 after = before + masses[i], kept = static_cast<u64>(begin + i + 1);
    const bool is_first =
        wish.is_count ? c.count_above + kept == wish.least : before < wish.least && after >= wish.least;
    if (begin + i < c.listed && is_first) {
      s.found[0] = kept;
      s.found[1] = after;
    }
    before = after;
  }
  sync_block();
  mass = s.found[1];
  const int kept = static_cast<int>(s.found[0]);
  sync_block();
  return kept;
}

// The least prefix that the wish names, its mass, and what of it lies in each tile. Takes the bins of fill_bins, and
// says when it has spoilt them.
DEVICE SampleCut find_cut(SampleShared& s, const SampleView& v, const SampleWish& wish, bool& has_bins, u64& mass) {
  const FirstBin first = first_bin(s, wish.is_count, wish.least);
  SampleCut c;
  c.bin = first.bin;
  c.count_above = first.count;
  c.mass_above = first.mass;
  mass = s.bin_mass[kSampleBins - 1];
  for (;;) {
    gather(s, v, c);
    if (c.listed <= kSampleList) break;
    narrow(s, v, c, wish);
    has_bins = false;
  }
  if (c.bin == kSampleBins) return c;  // nothing is cut, nothing is in the list
  block_sort(s.list, c.listed);
  c.kept = first_of_list(s, v, c, wish, mass);
  return c;
}

// Whether a token is kept. REQUIRES x >= v.low.
DEVICE bool is_kept(const SampleCut& c, const SampleView& v, u64 last, float x, int column) {
  const int bin = bin_of(v, x);
  return bin < c.bin || (bin == c.bin && place_of(x, column) >= last);
}

}  // namespace estoc::gpu
