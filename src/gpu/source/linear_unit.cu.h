// A unit of projections' weights (weight_tile.h): how a lane loads its part and multiplies it.
//
// 4- and 8-bit codes become bf16 exactly by bits (128 + code, 16 + code need no conversion) and meet their scale behind
// the product of their group of 32. Where each 16 columns have a scale the group has two products, each with the inputs
// of one half. 8-bit floats become bf16 by a shift and a power of two. f16 weights are the sum of two bf16, exactly,
// and have two products as well.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

template <bool kHasSecond>
struct LaneScales {
  using Words = Words2;  // f16 [j][half]
};
template <>
struct LaneScales<true> {
  using Words = Words4;  // the scales, then what stands beside them
};

// What one lane holds of one unit of one tile row. Words of codes: plain [half][j], codes8 [half] with those of j = 0,
// 0, 1, 1, codes4 [j][half].
template <WeightForm kForm>
struct LaneWeights {
  Words4 codes[is_plain(kForm) ? 4 : is_codes8(kForm) ? 2 : 1];
  typename LaneScales<has_second(kForm)>::Words scales;  // not there for plain weights
};

// Where this lane's part of a tile row's unit lies; `i` units further it is as many bytes on, known when compiled.
template <WeightForm kForm>
struct LaneSource {
  const u8 *codes, *scales;
  DEVICE void advance(int units) {
    codes += units * unit_code_bytes(kForm);
    scales += units * unit_scale_bytes(kForm);
  }
};
template <WeightForm kForm>
DEVICE LaneSource<kForm> lane_source(const u8* tile_row, int units, int unit, int lane) {
  const u8* codes = tile_row + static_cast<long>(unit) * unit_code_bytes(kForm);
  const u8* scales =
      tile_row + static_cast<long>(units) * unit_code_bytes(kForm) + static_cast<long>(unit) * unit_scale_bytes(kForm);
  if constexpr (is_plain(kForm)) return {codes + lane % 4 * 128 + lane / 4 * 16, nullptr};
  return {codes + lane * 16, scales + lane / 4 * (unit_scale_bytes(kForm) / 8)};
}

template <WeightForm kForm>
DEVICE LaneWeights<kForm> load_unit(const LaneSource<kForm>& from, int i) {
  LaneWeights<kForm> w;
  const u8* codes = from.codes + i * unit_code_bytes(kForm);
  const u8* scales = from.scales + i * unit_scale_bytes(kForm);
  if constexpr (is_plain(kForm)) {
    UNROLL
    for (int k = 0; k < 4; ++k) w.codes[k] = load_stream<Words4>(codes + k / 2 * 1024 + k % 2 * 512);
  } else {
    w.codes[0] = load_stream<Words4>(codes);
    if constexpr (is_codes8(kForm)) w.codes[1] = load_stream<Words4>(codes + 512);
    w.scales = load_stream<typename LaneScales<has_second(kForm)>::Words>(scales);
  }
  return w;
}

// Pair `pair` of a chunk of codes as two bf16.
template <WeightForm kForm>
DEVICE u32 pair_of(u32 word, int pair) {
  constexpr u32 kOne = 0x3f803f80u;
  if constexpr (kForm == WeightForm::f8) {
    // Exponent and fraction where bf16 has them are 2^120 too small, a subnormal one, too.
    constexpr u32 kUnit = 0x7b807b80u, kMinusZero = 0x80008000u;
    const u32 bytes = pair % 2 != 0 ? word >> 8 : word;
    return fma_bf16x2(and_or(bytes << 8, 0x80008000u, (bytes & 0x007f007fu) << 4), kUnit, kMinusZero);
  } else if constexpr (is_codes8(kForm)) {
    // 128 + the low seven bits, minus 128, or minus 256 where the sign bit is set
    const u32 bytes = pair % 2 != 0 ? word >> 8 : word;
    return fma_bf16x2(and_or(bytes, 0x007f007fu, 0x43004300u), kOne, and_or(bytes, 0x00800080u, 0xc300c300u));
  } else {
    constexpr u32 kZero = kForm == WeightForm::codes4 ? 0xc308c308u : 0xc300c300u;  // -136, -128
    return fma_bf16x2(and_or(word >> 4 * pair, 0x000f000fu, 0x43004300u), kOne, kZero);
  }
}

// Pair `pair` of a chunk of 4-bit codes as two bf16 that are 16 too large for unsigned codes, 24 for signed ones: the
// code is the upper part of the mantissa. What is too much goes into the beginning of the products' sums.
DEVICE u32 raised_pair_of(u32 word, int pair) {
  return and_or(pair == 0 ? word << 3 : word >> (4 * pair - 3), 0x00780078u, 0x41804180u);
}
// Only for one group of activation rows: with two, the sums' beginnings take registers that are not there.
constexpr bool is_raised(WeightForm form, int n) { return n == 1 && is_codes4(form); }

// The nearest pair of bf16 and what is left of a pair of f16, at most three bits each: their sum is the pair exactly.
struct SplitPair {
  u32 nearest, rest;
};
DEVICE SplitPair split_f16(u32 pair) {
  const float low = f16_to_f32(pair & 0xffff), high = f16_to_f32(pair >> 16);
  const u32 nearest = pack_bf16x2(low, high);
  return {nearest, pack_bf16x2(low - bits_to_f32(nearest << 16), high - bits_to_f32(nearest & 0xffff0000u))};
}

// The 16 x 16 fragment of step `step` (0, 1) of group `j`; of plain weights their bits, whichever 16 they are.
template <WeightForm kForm>
DEVICE void fragment_of(u32 (&a)[4], const LaneWeights<kForm>& w, int j, int step) {
  UNROLL
  for (int i = 0; i < 4; ++i) {  // half i % 2, pair 2 step + i / 2
    const int half = i % 2, pair = 2 * step + i / 2;
    if constexpr (is_plain(kForm)) {
      a[i] = w.codes[half * 2 + j].v[pair];
    } else if constexpr (is_codes8(kForm)) {
      a[i] = pair_of<kForm>(w.codes[half].v[j * 2 + pair / 2], pair);
    } else {
      a[i] = pair_of<kForm>(w.codes[0].v[j * 2 + half], pair);
    }
  }
}

constexpr bool needs_input_sums(WeightForm form, int n) { return has_minimum(form) || is_raised(form, n); }

// What the sums of inputs come multiplied by: minus what raised codes are too much by.
constexpr float input_sum_factor(WeightForm form) { return form == WeightForm::codes8_min ? 1.0f : -16.0f; }

// Where the sums of a group's products begin, the same for all weights: minus what raised codes are too much by, times
// the sum of inputs.
template <WeightForm kForm, int N>
DEVICE void begin_group(float (&begin)[N][4], const Words4 (&x)[N][2], int j) {
  // -24, 1, -16
  constexpr u32 kFactor = kForm == WeightForm::codes4       ? 0xc1c0c1c0u
                          : kForm == WeightForm::codes8_min ? 0x3f803f80u
                                                            : 0xc180c180u;
  const u32 a[4] = {kFactor, kFactor, kFactor, kFactor};
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int e = 0; e < 4; ++e) begin[n][e] = 0;
    UNROLL
    for (int step = 0; step < 2 && needs_input_sums(kForm, N); ++step) {
      mma_bf16(begin[n], a, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
    }
  }
}

// The scale of group `j` of a lane's row g or g + 8.
template <WeightForm kForm>
DEVICE float scale_of(const LaneWeights<kForm>& w, int j, int half) {
  if constexpr (kForm == WeightForm::f8) return bits_to_f32(w.scales.v[half]);
  return f16_to_f32(w.scales.v[j] >> half * 16 & 0xffff);
}

// Adds a group's product times its scales.
template <WeightForm kForm, int N>
DEVICE void add_scaled(float (&sums)[N][4], const float (&product)[N][4], const LaneWeights<kForm>& w, int j) {
  UNROLL
  for (int half = 0; half < 2; ++half) {
    const float scale = scale_of<kForm>(w, j, half);
    UNROLL
    for (int n = 0; n < N; ++n) {
      UNROLL
      for (int e = half * 2; e < half * 2 + 2; ++e) sums[n][e] += product[n][e] * scale;
    }
  }
}

// One group of 32 columns of codes: the product, times the group's scales, plus sum of inputs times minima.
template <WeightForm kForm, int N>
DEVICE void multiply_group(float (&sums)[N][4], const LaneWeights<kForm>& w, const Words4 (&x)[N][2],
                           const float (&begin)[N][4], int j) {
  float product[N][4];
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int e = 0; e < 4; ++e) product[n][e] = is_raised(kForm, N) ? begin[n][e % 2] : 0;
  }
  UNROLL
  for (int step = 0; step < 2; ++step) {
    u32 a[4];
    if constexpr (is_raised(kForm, N)) {
      UNROLL
      for (int i = 0; i < 4; ++i) a[i] = raised_pair_of(w.codes[0].v[j * 2 + i % 2], 2 * step + i / 2);
    } else {
      fragment_of<kForm>(a, w, j, step);
    }
    UNROLL
    for (int n = 0; n < N; ++n) mma_bf16(product[n], a, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
  }
  add_scaled<kForm, N>(sums, product, w, j);
  if constexpr (has_minimum(kForm)) {
    UNROLL
    for (int half = 0; half < 2; ++half) {
      const float minimum =
          f16_to_f32(w.scales.v[2 + j] >> half * 16 & 0xffff) * (1 / input_sum_factor(kForm));  // of begin
      UNROLL
      for (int n = 0; n < N; ++n) {
        UNROLL
        for (int e = half * 2; e < half * 2 + 2; ++e) sums[n][e] += begin[n][e % 2] * minimum;
      }
    }
  }
}

// The same where each 16 columns have a scale. Lanes t = 0 and 1 have the inputs of the lower ones, 2 and 3 of the
// upper.
template <WeightForm kForm, int N>
DEVICE void multiply_halves(float (&sums)[N][4], const LaneWeights<kForm>& w, const Words4 (&x)[N][2], int j) {
  const u32 is_upper = thread_index() % 4 < 2 ? 0 : 0xffffffffu;
  u32 a[2][4];
  UNROLL
  for (int step = 0; step < 2; ++step) fragment_of<kForm>(a[step], w, j, step);
  UNROLL
  for (int side = 0; side < 2; ++side) {
    const u32 scales = w.scales.v[side * 2 + j], mask = side == 0 ? ~is_upper : is_upper;
    const float scale[2] = {f16_to_f32(scales & 0xffff), f16_to_f32(scales >> 16)};
    UNROLL
    for (int n = 0; n < N; ++n) {
      float product[4] = {0, 0, 0, 0};
      UNROLL
      for (int step = 0; step < 2; ++step) {
        mma_bf16(product, a[step], x[n][j].v[2 * step] & mask, x[n][j].v[2 * step + 1] & mask);
      }
      UNROLL
      for (int e = 0; e < 4; ++e) sums[n][e] += product[e] * scale[e / 2];
    }
  }
}

// 32 columns of plain weights.
template <WeightForm kForm, int N>
DEVICE void multiply_plain(float (&sums)[N][4], const LaneWeights<kForm>& w, const Words4 (&x)[N][2], int j) {
  UNROLL
  for (int step = 0; step < 2; ++step) {
    u32 a[4], rest[4];
    fragment_of<kForm>(a, w, j, step);
    if constexpr (kForm == WeightForm::f16) {
      UNROLL
      for (int i = 0; i < 4; ++i) {
        const SplitPair split = split_f16(a[i]);
        a[i] = split.nearest;
        rest[i] = split.rest;
      }
    }
    UNROLL
    for (int n = 0; n < N; ++n) {
      mma_bf16(sums[n], a, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
      if constexpr (kForm == WeightForm::f16) mma_bf16(sums[n], rest, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
    }
  }
}

// A unit of each of R tile rows.
template <WeightForm kForm, int R, int N>
DEVICE void multiply_unit(float (&sums)[R][N][4], const LaneWeights<kForm> (&w)[R], const Words4 (&x)[N][2]) {
  UNROLL
  for (int j = 0; j < 2; ++j) {
    if constexpr (is_plain(kForm)) {
      UNROLL
      for (int r = 0; r < R; ++r) multiply_plain<kForm, N>(sums[r], w[r], x, j);
    } else if constexpr (kForm == WeightForm::codes8_16) {
      UNROLL
      for (int r = 0; r < R; ++r) multiply_halves<kForm, N>(sums[r], w[r], x, j);
    } else {
      float begin[N][4];
      begin_group<kForm, N>(begin, x, j);
      UNROLL
      for (int r = 0; r < R; ++r) multiply_group<kForm, N>(sums[r], w[r], x, begin, j);
    }
  }
}

}  // namespace estoc::gpu
